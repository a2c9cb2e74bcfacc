-- The stable views: names and columns that users' queries may rely on. docs/sql.md explains each.

CREATE VIEW runs AS
SELECT
    run_id, benchmark, model, endpoint, state, started_at, ended_at, n_samples, n_repeats,
    settings_hash, prompt_hash, dataset_hash, code_version, cost_usd, parent_run, base_run
FROM store.runs;

CREATE VIEW scores AS
SELECT
    s.run_id, r.benchmark, r.model, s.sample_id, s.repeat, s.cluster, s."value", s.outcome, s.reason,
    s.was_truncated, s.scores, s.tags
FROM store.records AS s
JOIN store.runs AS r USING (run_id);

CREATE VIEW samples AS
SELECT
    run_id, sample_id, repeat,
    array_to_string(CAST(json_extract_string(prompt, '$[*].content') AS VARCHAR[]), chr(10) || chr(10)) AS prompt,
    "text", finish_reason, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens,
    cost_usd, saved_usd, latency_ms, cached, attempts, via, endpoint, served_model, fingerprint, request_key,
    question, target, answer_type, from_json(texts, '["VARCHAR"]') AS texts,
    make_timestamp(CAST(answered_at * 1000000 AS BIGINT)) AS answered_at
FROM store.records;

CREATE VIEW answers AS
SELECT
    run_id, sample_id, repeat, a.extractor, a."value", a.kind, a.confidence, a."method", a.reason
FROM (
    SELECT run_id, sample_id, repeat, unnest(from_json(answers, '[{
        "extractor": "VARCHAR", "value": "VARCHAR", "kind": "VARCHAR", "method": "VARCHAR",
        "confidence": "DOUBLE", "reason": "VARCHAR"
    }]')) AS a
    FROM store.records
);

CREATE VIEW failures AS
SELECT
    run_id, sample_id, repeat, failure ->> 'stage' AS stage, failure ->> 'kind' AS kind,
    CAST(failure ->> 'status' AS INTEGER) AS status, failure ->> 'message' AS message
FROM store.records
WHERE failure IS NOT NULL;

CREATE VIEW contamination AS
SELECT
    c.run_id, r.benchmark, r.model, c.sample_id, c.repeat, c.d.detector, c.d.score, c.d.flagged,
    c.d.n_asked, c.d.n_used, c.d.details
FROM (
    SELECT run_id, sample_id, repeat, unnest(from_json(contamination, '[{
        "detector": "VARCHAR", "score": "DOUBLE", "flagged": "BOOLEAN", "n_asked": "INTEGER",
        "n_used": "INTEGER", "details": "JSON"
    }]')) AS d
    FROM store.records
) AS c
JOIN store.runs AS r USING (run_id);

-- usd is NULL, not 0, when the price of some of the requests was unknown
CREATE VIEW spend AS
SELECT
    day, endpoint, model,
    CASE WHEN count(usd) = count(*) THEN round(sum(usd), 9) END AS usd,
    round(sum(uncertain_usd), 9) AS uncertain_usd,
    round(sum(saved_usd), 9) AS saved_usd,
    CAST(sum(prompt_tokens + completion_tokens) AS BIGINT) AS tokens,
    CAST(sum(requests) AS BIGINT) AS requests
FROM store.spend
GROUP BY day, endpoint, model;

-- 0.975 quantile of Student's t: exact for small df, Cornish-Fisher beyond (error < 3e-7).
CREATE MACRO t975(df) AS
    CASE WHEN df < 1 THEN NULL
    WHEN df <= 20 THEN CAST([
        12.706204736, 4.302652730, 3.182446305, 2.776445105, 2.570581836, 2.446911851, 2.364624252,
        2.306004135, 2.262157163, 2.228138852, 2.200985160, 2.178812830, 2.160368656, 2.144786688,
        2.131449546, 2.119905299, 2.109815578, 2.100922040, 2.093024054, 2.085963447
    ] AS DOUBLE[])[CAST(df AS INTEGER)]
    ELSE 1.9599639845400536 + 2.3722712302985607 / df + 2.8224986157396086 / pow(df, 2)
        + 2.555849679507719 / pow(df, 3) + 1.5895340533938196 / pow(df, 4)
    END;

-- 95 % Wilson score interval of k successes in n trials, z = 1.959964.
CREATE MACRO wilson_low(k, n) AS
    greatest((k + 1.920729440648 - 1.959964 * sqrt(greatest(k * (n - k) / n, 0) + 0.960364720324)) / (n + 3.841458881296), 0.0);
CREATE MACRO wilson_high(k, n) AS
    least((k + 1.920729440648 + 1.959964 * sqrt(greatest(k * (n - k) / n, 0) + 0.960364720324)) / (n + 3.841458881296), 1.0);

-- One row per run, over the samples that rank. Repeats are averaged inside a sample first; n and n_graded count samples, the other
-- counts count answers. The interval is that of llmgen.analysis.intervals.mean_interval: Wilson for 0/1
-- grades of independent samples; Student's t on the (clustered) standard error otherwise, cut at 0 and 1;
-- when all clusters agree, Wilson's bound on the share of clusters that might disagree.
CREATE VIEW leaderboard AS
WITH counted AS (
    SELECT
        run_id,
        count(DISTINCT sample_id) AS n,
        count(*) FILTER (WHERE outcome = 'error') AS n_failed,
        count(*) FILTER (WHERE outcome = 'refused') AS n_refused,
        count(*) FILTER (WHERE outcome = 'truncated') AS n_truncated,
        count(*) FILTER (WHERE outcome = 'unparsed') AS n_unparsed
    FROM store.records
    WHERE ranks
    GROUP BY run_id
),
per_sample AS (
    SELECT run_id, sample_id, any_value(cluster) AS cluster, avg("value") AS s
    FROM store.records
    WHERE ranks AND "value" IS NOT NULL
    GROUP BY run_id, sample_id
),
per_run AS (
    SELECT
        run_id, count(*) AS n, count(DISTINCT cluster) AS n_clusters, avg(s) AS mean, sum(s) AS total,
        max(s) = min(s) AS is_constant, bool_and(s IN (0, 1)) AS is_binary
    FROM per_sample
    GROUP BY run_id
),
residuals AS (
    SELECT run_id, sum(residual * residual) AS squares
    FROM (
        SELECT p.run_id, p.cluster, sum(p.s - r.mean) AS residual
        FROM per_sample AS p
        JOIN per_run AS r USING (run_id)
        GROUP BY p.run_id, p.cluster
    )
    GROUP BY run_id
),
errors AS (
    SELECT
        r.*,
        CASE WHEN r.n_clusters > 1 THEN sqrt(r.n_clusters / (r.n_clusters - 1) * e.squares) / r.n END AS se
    FROM per_run AS r
    JOIN residuals AS e USING (run_id)
),
judged AS (
    SELECT
        *,
        CASE
            WHEN n_clusters = n AND is_constant OR se * n < 1e-9 THEN 'unanimous'
            WHEN se IS NULL THEN 'none'
            WHEN n_clusters = n AND is_binary THEN 'wilson'
            ELSE 't'
        END AS "method"
    FROM errors
),
bounded AS (
    SELECT
        *,
        CASE "method"
            WHEN 'unanimous' THEN mean - wilson_high(0, n_clusters) * mean
            WHEN 'wilson' THEN wilson_low(total, n)
            WHEN 't' THEN greatest(mean - t975(n_clusters - 1) * se, 0)
            ELSE 0
        END AS ci_low,
        CASE "method"
            WHEN 'unanimous' THEN mean + wilson_high(0, n_clusters) * (1 - mean)
            WHEN 'wilson' THEN wilson_high(total, n)
            WHEN 't' THEN least(mean + t975(n_clusters - 1) * se, 1)
            ELSE 1
        END AS ci_high
    FROM judged
)
SELECT
    r.benchmark, r.model, r.run_id, coalesce(c.n, 0) AS n, coalesce(b.n, 0) AS n_graded, b.mean,
    CASE WHEN b."method" = 'unanimous' THEN (b.ci_high - b.ci_low) / 3.919928 ELSE b.se END AS se,
    b.ci_low, b.ci_high,
    coalesce(c.n_failed, 0) AS n_failed, coalesce(c.n_refused, 0) AS n_refused,
    coalesce(c.n_truncated, 0) AS n_truncated, coalesce(c.n_unparsed, 0) AS n_unparsed
FROM store.runs AS r
LEFT JOIN counted AS c USING (run_id)
LEFT JOIN bounded AS b USING (run_id);
