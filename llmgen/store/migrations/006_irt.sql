-- Calibrations by item response theory: what `llmgen analyse irt` found, one fit_id each. They can be made
-- again from the results, so no journal holds them.

-- key: fit_id
CREATE TABLE store.irt_fits (
    fit_id VARCHAR NOT NULL,
    model_name VARCHAR NOT NULL,
    slope VARCHAR NOT NULL,
    priors VARCHAR NOT NULL,
    quadrature INTEGER,
    n_models INTEGER NOT NULL,
    n_items INTEGER NOT NULL,
    n_responses BIGINT NOT NULL,
    loglik DOUBLE NOT NULL,
    loglik_grid61 DOUBLE NOT NULL,
    objective DOUBLE NOT NULL,
    cycles INTEGER NOT NULL,
    converged BOOLEAN NOT NULL,
    seconds DOUBLE NOT NULL,
    m2 DOUBLE,
    m2_df INTEGER,
    m2_p DOUBLE,
    item_statistic VARCHAR NOT NULL,
    linked_to VARCHAR,
    link_scale DOUBLE,
    link_shift DOUBLE,
    selection JSON NOT NULL,
    notes VARCHAR[] NOT NULL,
    data_hash VARCHAR NOT NULL,
    created DOUBLE NOT NULL
);

-- key: fit_id, benchmark, sample_id
CREATE TABLE store.irt_items (
    fit_id VARCHAR NOT NULL,
    benchmark VARCHAR NOT NULL,
    sample_id VARCHAR NOT NULL,
    a DOUBLE, b DOUBLE, c DOUBLE, d DOUBLE,
    se_a DOUBLE, se_b DOUBLE, se_c DOUBLE, se_d DOUBLE,
    n INTEGER NOT NULL,
    p_value DOUBLE,
    x2 DOUBLE, df INTEGER, p DOUBLE, p_holm DOUBLE, infit DOUBLE, outfit DOUBLE,
    flags VARCHAR[] NOT NULL,
    suspect DOUBLE,
    top_wrong VARCHAR,
    agreement DOUBLE
);

-- key: fit_id, model
CREATE TABLE store.irt_abilities (
    fit_id VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    theta DOUBLE, se DOUBLE, se_pool DOUBLE,
    true_score DOUBLE, true_lo DOUBLE, true_hi DOUBLE,
    coverage DOUBLE NOT NULL,
    n_items INTEGER NOT NULL,
    infit DOUBLE, outfit DOUBLE
);

CREATE VIEW irt_fits AS
SELECT
    fit_id, model_name, slope, priors, quadrature, n_models, n_items, loglik, objective, cycles, converged,
    seconds, linked_to, data_hash, make_timestamp(CAST(created * 1000000 AS BIGINT)) AS created,
    n_responses, loglik_grid61, item_statistic, m2, m2_df, m2_p, link_scale, link_shift, selection, notes
FROM store.irt_fits;

CREATE VIEW irt_items AS
SELECT
    i.fit_id, i.benchmark, i.sample_id, f.model_name, i.a, i.b, i.c, i.d, i.se_a, i.se_b, i.n, i.p_value,
    CASE WHEN f.item_statistic = 'S-X2' THEN i.x2 END AS s_x2, i.df, i.p, i.flags, i.suspect,
    i.se_c, i.se_d, CASE WHEN f.item_statistic = 'Q1' THEN i.x2 END AS q1, i.p_holm, i.infit, i.outfit
FROM store.irt_items AS i
JOIN store.irt_fits AS f USING (fit_id);

CREATE VIEW irt_abilities AS
SELECT
    fit_id, model, theta, se, se_pool, true_score, true_lo, true_hi, coverage, n_items,
    theta - 1.959964 * se_pool AS lo, theta + 1.959964 * se_pool AS hi, infit, outfit
FROM store.irt_abilities;

-- Items with a flag, or whose key is more likely wrong than not, the most suspect first in each fit. The
-- question and the key are those that were asked last.
CREATE VIEW item_audit AS
SELECT
    i.fit_id, i.benchmark, i.sample_id,
    CAST(row_number() OVER (PARTITION BY i.fit_id ORDER BY i.suspect DESC NULLS LAST, i.sample_id) AS INTEGER) AS rank,
    i.suspect, i.flags, i.a, i.se_a, i.b, i.p_value,
    CAST(round(i.p_value * i.n) AS INTEGER) AS n_right, CAST(round((1 - i.p_value) * i.n) AS INTEGER) AS n_wrong,
    i.top_wrong, i.agreement, s.question, s.target
FROM store.irt_items AS i
LEFT JOIN (
    SELECT r.benchmark, m.sample_id, arg_max(m.question, r.started_at) AS question, arg_max(m.target, r.started_at) AS target
    FROM store.records AS m
    JOIN store.runs AS r USING (run_id)
    WHERE m.sample_id IN (SELECT sample_id FROM store.irt_items WHERE len(flags) > 0 OR suspect > 0.5)
    GROUP BY r.benchmark, m.sample_id
) AS s USING (benchmark, sample_id)
WHERE len(i.flags) > 0 OR i.suspect > 0.5;
