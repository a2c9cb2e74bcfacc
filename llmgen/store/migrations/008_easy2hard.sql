-- What difficulty does to accuracy in runs of easy2hard. Rewritten when a run is summed up.

-- key: run_id, set, bin
CREATE TABLE store.easy2hard_bins (
    run_id VARCHAR NOT NULL,
    "set" VARCHAR NOT NULL,
    bin INTEGER NOT NULL,
    lo DOUBLE NOT NULL,
    hi DOUBLE NOT NULL,
    n INTEGER NOT NULL,
    n_ungraded INTEGER NOT NULL,
    accuracy DOUBLE NOT NULL,
    acc_lo DOUBLE NOT NULL,
    acc_hi DOUBLE NOT NULL
);

-- key: run_id, set, train_bin (NULL: without examples), test_bin
CREATE TABLE store.easy2hard_grid (
    run_id VARCHAR NOT NULL,
    "set" VARCHAR NOT NULL,
    train_bin INTEGER,
    test_bin INTEGER NOT NULL,
    n INTEGER NOT NULL,
    seeds INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    accuracy DOUBLE, acc_lo DOUBLE, acc_hi DOUBLE,
    sgr DOUBLE, sgr_lo DOUBLE, sgr_hi DOUBLE,
    sgr_reason VARCHAR NOT NULL
);

CREATE VIEW easy2hard_bins AS
SELECT b.run_id, b."set", b.bin, b.lo, b.hi, b.n, b.n_ungraded, b.accuracy, b.acc_lo, b.acc_hi, r.model
FROM store.easy2hard_bins AS b
JOIN store.runs AS r USING (run_id);

CREATE VIEW easy2hard_grid AS
SELECT
    g.run_id, g."set", g.train_bin, g.test_bin, g.n, g.seeds, g.accuracy, g.acc_lo, g.acc_hi, g.sgr, g.sgr_lo,
    g.sgr_hi, nullif(g.sgr_reason, '') AS sgr_reason, g.missing, r.model
FROM store.easy2hard_grid AS g
JOIN store.runs AS r USING (run_id);
