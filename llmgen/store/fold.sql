-- Both statements take $tail, a file of whole `record` lines of a journal in which each key occurs once.
DELETE FROM store.records AS old
USING (
    SELECT record.sample.id AS sample_id, coalesce(record.repeat, 0) AS repeat
    FROM read_json($tail, format = 'newline_delimited', records = true, maximum_object_size = $longest, columns = {
        record: 'STRUCT(sample STRUCT(id VARCHAR), repeat INTEGER)'
    })
) AS new
WHERE old.run_id = $run_id AND old.sample_id = new.sample_id AND old.repeat = new.repeat;

INSERT INTO store.records BY NAME
SELECT
    $run_id AS run_id,
    record.sample.id AS sample_id,
    coalesce(record.repeat, 0) AS repeat,
    ts AS answered_at,
    coalesce(record.sample.tags ->> 'cluster', record.sample.id) AS cluster,
    record.sample.answer_type AS answer_type,
    record.sample.question AS question,
    record.sample.target AS target,
    record.sample.choices AS choices,
    record.sample.tags AS tags,
    coalesce(record.sample.tags ->> 'role' <> 'diagnostic', true) AS ranks,
    record.prompt AS prompt,
    coalesce(record.request_key, '') AS request_key,
    c.texts ->> 0 AS "text",
    c.texts AS texts,
    c.finish_reasons[1] AS finish_reason,
    if(answered, coalesce(c.usage.prompt_tokens, 0), NULL) AS prompt_tokens,
    if(answered, coalesce(c.usage.completion_tokens, 0), NULL) AS completion_tokens,
    if(answered, coalesce(c.usage.cached_tokens, 0), NULL) AS cached_tokens,
    if(answered, coalesce(c.usage.reasoning_tokens, 0), NULL) AS reasoning_tokens,
    c.usage.cost_usd AS cost_usd,
    if(answered, coalesce(c.usage.uncertain_usd, 0), NULL) AS uncertain_usd,
    if(answered, coalesce(c.usage.saved_usd, 0), NULL) AS saved_usd,
    if(answered, coalesce(c.latency_s, 0) * 1000, NULL) AS latency_ms,
    if(answered, coalesce(c.cached, false), NULL) AS cached,
    if(answered, coalesce(c.attempts, 1), NULL) AS attempts,
    if(answered, coalesce(c.via, 'live'), NULL) AS via,
    c.endpoint AS endpoint,
    c.model AS served_model,
    c.fingerprint AS fingerprint,
    record.answers AS answers,
    coalesce(record.grade.outcome, 'error') AS outcome,
    record.grade."value" AS "value",
    coalesce(record.grade.reason, record.failure ->> 'message', '') AS reason,
    coalesce(record.grade.was_truncated, false) AS was_truncated,
    record.grade.scores AS scores,
    record.contamination AS contamination,
    record.greedy AS greedy,
    record.draws AS draws,
    record.failure AS failure
FROM (
    SELECT ts, record, record.completion AS c, record.completion IS NOT NULL AS answered
    FROM read_json($tail, format = 'newline_delimited', records = true, maximum_object_size = $longest, columns = {
        ts: 'DOUBLE',
        record: 'STRUCT(
            sample STRUCT(id VARCHAR, question VARCHAR, answer_type VARCHAR, target VARCHAR, choices JSON, tags JSON),
            repeat INTEGER,
            request_key VARCHAR,
            prompt JSON,
            completion STRUCT(
                texts JSON, finish_reasons VARCHAR[], model VARCHAR, endpoint VARCHAR,
                usage STRUCT(
                    prompt_tokens BIGINT, completion_tokens BIGINT, cached_tokens BIGINT, reasoning_tokens BIGINT,
                    cost_usd DOUBLE, uncertain_usd DOUBLE, saved_usd DOUBLE
                ),
                latency_s DOUBLE, cached BOOLEAN, attempts INTEGER, fingerprint VARCHAR, via VARCHAR
            ),
            answers JSON,
            grade STRUCT(outcome VARCHAR, "value" DOUBLE, reason VARCHAR, was_truncated BOOLEAN, scores JSON),
            contamination JSON,
            greedy JSON,
            draws JSON,
            failure JSON
        )'
    })
);
