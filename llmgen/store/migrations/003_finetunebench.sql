-- FineTuneBench's own views: what was asked, and how well by domain, split and stratum.

CREATE VIEW ftb_items AS
SELECT DISTINCT ON (sample_id, tags ->> 'prompt_sha')
    sample_id AS item_key, tags ->> 'domain' AS domain, tags ->> 'split' AS split,
    tags ->> 'source_id' AS source_id, tags ->> 'attr' AS attr, question AS prompt,
    tags ->> 'prompt_sha' AS prompt_sha, tags ->> 'scorer_question' AS question, target AS gold,
    tags ->> 'gold_recomputed' AS gold_recomputed, tags ->> 'answer_before' AS answer_before,
    tags ->> 'fact' AS fact, coalesce(tags ->> 'analysed' = 'true', false) AS analysed, tags
FROM store.records
JOIN store.runs USING (run_id)
WHERE benchmark = 'finetunebench'
ORDER BY sample_id, tags ->> 'prompt_sha', answered_at DESC;

-- One row per run, domain, split and stratum. Stratum `all` is every item; for a run with a base run, `known`,
-- `unknown` and `ungraded` part the items by the base model's first answer to the trained question on the same
-- fact. Repeats are averaged inside an item, so n_correct is whole only without repeats. lo and hi: Wilson.
CREATE VIEW finetunebench_scores AS
WITH items AS (
    SELECT
        run_id, model, base_run, sample_id,
        any_value(tags ->> 'domain') AS domain,
        any_value(tags ->> 'split') AS split,
        any_value(tags ->> 'role') AS role,
        any_value(tags ->> 'fact_key') AS fact_key,
        avg("value") AS "value",
        arg_min(outcome, repeat) AS first_outcome,
        count(*) FILTER (WHERE outcome = 'stale') AS stale,
        count(*) FILTER (WHERE outcome = 'abstain') AS abstain,
        count(*) FILTER (WHERE outcome = 'unparsed') AS unparsed,
        count(*) FILTER (WHERE outcome = 'error') AS errors
    FROM store.records
    JOIN store.runs USING (run_id)
    WHERE benchmark = 'finetunebench'
    GROUP BY run_id, model, base_run, sample_id
),
facts AS (
    SELECT
        run_id, fact_key,
        any_value(CASE
            WHEN first_outcome = 'correct' THEN 'known'
            WHEN first_outcome IN ('wrong', 'stale', 'abstain') THEN 'unknown'
            ELSE 'ungraded'
        END) AS stratum
    FROM items
    WHERE role = 'train'
    GROUP BY run_id, fact_key
),
placed AS (
    SELECT *, 'all' AS stratum FROM items
    UNION ALL
    SELECT i.*, f.stratum
    FROM items AS i
    JOIN facts AS f ON f.run_id = i.base_run AND f.fact_key = i.fact_key
),
summed AS (
    SELECT
        run_id, model, base_run AS base_run_id, domain, split, stratum,
        count(*) AS n_items, count("value") AS n_graded, coalesce(sum("value"), 0) AS n_correct,
        avg("value") AS accuracy,
        CAST(sum(stale) AS BIGINT) AS stale, CAST(sum(abstain) AS BIGINT) AS abstain,
        CAST(sum(unparsed) AS BIGINT) AS unparsed, CAST(sum(errors) AS BIGINT) AS errors
    FROM placed
    GROUP BY run_id, model, base_run, domain, split, stratum
)
SELECT
    run_id, model, base_run_id, domain, split, stratum, n_items, n_graded, n_correct, accuracy,
    CASE WHEN n_graded > 0 THEN wilson_low(n_correct, n_graded) END AS lo,
    CASE WHEN n_graded > 0 THEN wilson_high(n_correct, n_graded) END AS hi,
    stale, abstain, unparsed, errors
FROM summed;
