-- What the journals say, in typed columns. Users read the views of the next migrations, not these tables.
-- Every table is rebuilt from the journals by `llmgen fold`; the fold keeps the keys named here unique.
CREATE SCHEMA store;

-- key: run_id. How far each journal is folded; `head` tells a journal from another one of the same name.
CREATE TABLE store.folded (
    run_id VARCHAR NOT NULL,
    head VARCHAR NOT NULL,
    byte_offset BIGINT NOT NULL
);

-- key: run_id. `run` is the whole value, for the fields that are no columns.
CREATE TABLE store.runs (
    run_id VARCHAR NOT NULL,
    benchmark VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    endpoint VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    started_at TIMESTAMP,
    ended_at TIMESTAMP,
    n_samples BIGINT,
    n_repeats INTEGER NOT NULL,
    settings_hash VARCHAR NOT NULL,
    prompt_hash VARCHAR NOT NULL,
    dataset_hash VARCHAR NOT NULL,
    code_version VARCHAR NOT NULL,
    cost_usd DOUBLE,
    parent_run VARCHAR,
    base_run VARCHAR,
    run JSON NOT NULL
);

-- key: run_id, sample_id, repeat. `answered_at` is UTC seconds since the epoch. `ranks`: not of a diagnostic
-- split (tag `role`), which is shown but never ranks a model. Nested values stay JSON: typed lists would cost a third of the fold.
CREATE TABLE store.records (
    run_id VARCHAR NOT NULL,
    sample_id VARCHAR NOT NULL,
    repeat INTEGER NOT NULL,
    answered_at DOUBLE NOT NULL,
    cluster VARCHAR NOT NULL,
    answer_type VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    target VARCHAR,
    choices JSON,
    tags JSON,
    ranks BOOLEAN NOT NULL,
    prompt JSON,
    request_key VARCHAR NOT NULL,
    "text" VARCHAR,
    texts JSON,
    finish_reason VARCHAR,
    prompt_tokens BIGINT,
    completion_tokens BIGINT,
    cached_tokens BIGINT,
    reasoning_tokens BIGINT,
    cost_usd DOUBLE,
    uncertain_usd DOUBLE,
    saved_usd DOUBLE,
    latency_ms DOUBLE,
    cached BOOLEAN,
    attempts INTEGER,
    via VARCHAR,
    endpoint VARCHAR,
    served_model VARCHAR,
    fingerprint VARCHAR,
    answers JSON,
    outcome VARCHAR NOT NULL,
    "value" DOUBLE,
    reason VARCHAR NOT NULL,
    was_truncated BOOLEAN NOT NULL,
    scores JSON,
    contamination JSON,
    failure JSON
);

-- Adds up over folds: no key. `usd` is NULL when the price of some of the requests was unknown.
CREATE TABLE store.spend (
    run_id VARCHAR NOT NULL,
    day DATE NOT NULL,
    endpoint VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    requests BIGINT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    usd DOUBLE,
    uncertain_usd DOUBLE NOT NULL,
    saved_usd DOUBLE NOT NULL
);
