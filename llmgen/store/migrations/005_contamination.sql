-- What contamination detectors had drawn, what they read, and what the analysis of a whole run says of it.
ALTER TABLE store.records ADD COLUMN greedy JSON;
ALTER TABLE store.records ADD COLUMN draws JSON;

-- Rewritten when a run is summed up. key: run_id, sample_id, repeat, detector.
CREATE TABLE store.item_verdicts (
    run_id VARCHAR NOT NULL,
    sample_id VARCHAR NOT NULL,
    repeat INTEGER NOT NULL,
    detector VARCHAR NOT NULL,
    preset VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    flagged BOOLEAN,
    reason VARCHAR NOT NULL,
    p_value DOUBLE
);

-- Rewritten when a run is summed up. key: run_id, detector, preset.
CREATE TABLE store.model_verdicts (
    run_id VARCHAR NOT NULL,
    detector VARCHAR NOT NULL,
    preset VARCHAR NOT NULL,
    avg_score DOUBLE,
    control_avg DOUBLE,
    effect DOUBLE,
    ci_low DOUBLE,
    ci_high DOUBLE,
    p_value DOUBLE,
    n_items BIGINT NOT NULL,
    n_control BIGINT NOT NULL,
    n_insufficient BIGINT NOT NULL,
    verdict VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    seed BIGINT NOT NULL
);

-- The verdict is the detector's own until the run is summed up against its control set.
CREATE OR REPLACE VIEW contamination AS
SELECT
    c.run_id, c.sample_id, c.repeat, r.benchmark, r.model, c.d.detector,
    c.d.details ->> 'preset' AS preset,
    coalesce(v.role, c.tags ->> 'contamination_role', 'test') AS role,
    c.d.score,
    if(v.verdict IS NULL, c.d.flagged, v.flagged) AS flagged,
    coalesce(v.verdict, c.d.details ->> 'verdict') AS verdict,
    nullif(if(v.verdict IS NULL, coalesce(c.d.details ->> 'reason', ''), v.reason), '') AS reason,
    coalesce(c.d.n_asked, 0) AS n_asked, coalesce(c.d.n_used, 0) AS n_used,
    CAST(c.d.details ->> 'n_empty' AS INTEGER) AS n_empty,
    CAST(c.d.details ->> 'n_refused' AS INTEGER) AS n_refused,
    CAST(c.d.details ->> 'n_truncated' AS INTEGER) AS n_truncated,
    CAST(c.d.details ->> 'near' AS INTEGER) AS near,
    CAST(c.d.details ->> 'ci_low' AS DOUBLE) AS ci_low,
    CAST(c.d.details ->> 'ci_high' AS DOUBLE) AS ci_high,
    CAST(c.d.details ->> 'alpha' AS DOUBLE) AS alpha,
    CAST(c.d.details ->> 'xi' AS DOUBLE) AS xi,
    CAST(c.d.details ->> 'l' AS INTEGER) AS l,
    CAST(c.d.details ->> 'greedy_tokens' AS INTEGER) AS greedy_tokens,
    c.d.details ->> 'tokenizer' AS tokenizer,
    c.d.details ->> 'centre' AS centre,
    v.p_value,
    c.d.details
FROM (
    SELECT run_id, sample_id, repeat, tags, unnest(from_json(contamination, '[{
        "detector": "VARCHAR", "score": "DOUBLE", "flagged": "BOOLEAN", "n_asked": "INTEGER",
        "n_used": "INTEGER", "details": "JSON"
    }]')) AS d
    FROM store.records
) AS c
JOIN store.runs AS r USING (run_id)
LEFT JOIN store.item_verdicts AS v
    ON v.run_id = c.run_id AND v.sample_id = c.sample_id AND v.repeat = c.repeat AND v.detector = c.d.detector;

CREATE VIEW contamination_models AS
SELECT
    v.run_id, r.model, r.benchmark, v.detector, v.preset, v.avg_score, v.control_avg, v.effect, v.ci_low, v.ci_high,
    v.p_value, v.n_items, v.n_control, v.n_insufficient, v.verdict, v.reason, v.seed
FROM store.model_verdicts AS v
JOIN store.runs AS r USING (run_id);

CREATE VIEW draws AS
SELECT
    d.run_id, d.sample_id, d.repeat, d.number, d.draw."text" AS "text", d.draw.finish AS finish,
    d.draw.reason AS reason, d.draw."value" AS "value"
FROM (
    SELECT run_id, sample_id, repeat, unnest(list) AS draw, generate_subscripts(list, 1) AS number
    FROM (
        SELECT run_id, sample_id, repeat, from_json(draws, '[{
            "text": "VARCHAR", "finish": "VARCHAR", "reason": "VARCHAR", "value": "DOUBLE"
        }]') AS list
        FROM store.records
        WHERE draws IS NOT NULL
    )
) AS d;
