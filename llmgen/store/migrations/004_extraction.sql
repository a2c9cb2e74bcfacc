-- What extractors read, with version, raw reply and time; how far they agree.

-- "value" is NULL unless kind is `answered`, and for a judge that names no value. Old readings have no time.
CREATE OR REPLACE VIEW answers AS
SELECT
    run_id, sample_id, repeat, a.extractor, a."value", CAST(a.kind AS ENUM ('answered', 'no_valid_answer', 'error')) AS kind,
    a.confidence, a."method", coalesce(a.reason, '') AS reason,
    split_part(a."method", '@', 2) AS "version", coalesce(a.raw, '') AS raw, a.elapsed_us
FROM (
    SELECT run_id, sample_id, repeat, unnest(from_json(answers, '[{
        "extractor": "VARCHAR", "value": "VARCHAR", "kind": "VARCHAR", "method": "VARCHAR",
        "confidence": "DOUBLE", "reason": "VARCHAR", "raw": "VARCHAR", "elapsed_us": "BIGINT"
    }]')) AS a
    FROM store.records
);

-- One row per run, pair of extractors and answer type. n counts the answers that both could read (n_error those
-- that one could not); agree is the share of equal values as written, no valid answer being one of them. kappa is
-- Cohen's: over the values where the range is closed (options, labels), over answered or not elsewhere; NULL when
-- chance alone agrees always. verdict_agree: the share of equal grades, where both readings were graded.
CREATE VIEW extractor_agreement AS
WITH readings AS (
    SELECT
        a.run_id, a.sample_id, a.repeat, a.extractor, a."value", a.kind, r.answer_type,
        CASE
            WHEN a.kind = 'no_valid_answer' THEN '[No valid answer]'
            WHEN r.answer_type IN ('alphabet_option', 'categorical_label') THEN coalesce(a."value", '')
            ELSE 'answered'
        END AS category,
        CAST(r.scores ->> ('$."by:' || a.extractor || '"') AS DOUBLE) AS grade
    FROM answers AS a
    JOIN store.records AS r USING (run_id, sample_id, repeat)
),
pairs AS (
    SELECT
        a.run_id, a.extractor AS extractor_a, b.extractor AS extractor_b, a.answer_type,
        a.kind = 'error' OR b.kind = 'error' AS failed,
        a.kind = b.kind AND a."value" IS NOT DISTINCT FROM b."value" AS same,
        a.category AS category_a, b.category AS category_b, a.grade = b.grade AS same_grade
    FROM readings AS a
    JOIN readings AS b USING (run_id, sample_id, repeat)
    WHERE a.extractor < b.extractor
),
summed AS (
    SELECT
        run_id, extractor_a, extractor_b, answer_type,
        count(*) FILTER (WHERE NOT failed) AS n,
        count(*) FILTER (WHERE failed) AS n_error,
        avg(CAST(same AS INTEGER)) FILTER (WHERE NOT failed) AS agree,
        avg(CAST(category_a = category_b AS INTEGER)) FILTER (WHERE NOT failed) AS observed,
        avg(CAST(same_grade AS INTEGER)) FILTER (WHERE NOT failed) AS verdict_agree
    FROM pairs
    GROUP BY run_id, extractor_a, extractor_b, answer_type
),
shares AS (
    SELECT run_id, extractor_a, extractor_b, answer_type, category, sum(in_a) AS in_a, sum(in_b) AS in_b
    FROM (
        SELECT run_id, extractor_a, extractor_b, answer_type, category_a AS category, 1 AS in_a, 0 AS in_b
        FROM pairs WHERE NOT failed
        UNION ALL
        SELECT run_id, extractor_a, extractor_b, answer_type, category_b, 0, 1
        FROM pairs WHERE NOT failed
    )
    GROUP BY run_id, extractor_a, extractor_b, answer_type, category
),
chance AS (
    SELECT
        run_id, extractor_a, extractor_b, answer_type,
        CAST(sum(in_a * in_b) AS DOUBLE) / pow(sum(in_a), 2) AS expected
    FROM shares
    GROUP BY run_id, extractor_a, extractor_b, answer_type
)
SELECT
    s.run_id, s.extractor_a, s.extractor_b, s.answer_type, s.n, s.n_error, s.agree,
    CASE WHEN c.expected < 1 THEN (s.observed - c.expected) / (1 - c.expected) END AS kappa,
    s.verdict_agree
FROM summed AS s
LEFT JOIN chance AS c USING (run_id, extractor_a, extractor_b, answer_type);
