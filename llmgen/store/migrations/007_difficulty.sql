-- What person fit, rank aggregation and Glicko-2 made of the results. They can be made again from them, so no
-- journal holds them. An analysis of the same question takes the place of the earlier one.

-- key: analysis_id
CREATE TABLE store.analyses (
    analysis_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    benchmarks VARCHAR[] NOT NULL,
    question JSON NOT NULL,
    said JSON NOT NULL,
    created TIMESTAMP NOT NULL
);

-- key: analysis_id, model
CREATE TABLE store.person_fit (
    analysis_id VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    theta DOUBLE, se DOUBLE, lz DOUBLE, lz_star DOUBLE, z DOUBLE,
    flagged BOOLEAN,
    n_used INTEGER NOT NULL,
    n_population INTEGER NOT NULL,
    "level" DOUBLE,
    reason VARCHAR NOT NULL,
    items VARCHAR[] NOT NULL,
    sensitivity JSON NOT NULL
);

-- key: analysis_id, model
CREATE TABLE store.rankings (
    analysis_id VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    place INTEGER NOT NULL,
    "rank" DOUBLE NOT NULL,
    points DOUBLE NOT NULL,
    share DOUBLE,
    mean DOUBLE,
    rank_low DOUBLE NOT NULL,
    rank_high DOUBLE NOT NULL,
    p_best DOUBLE NOT NULL,
    "groups" INTEGER[] NOT NULL
);

-- key: analysis_id, kind, name, period. Players who did not play in a period have a row in the last one only.
CREATE TABLE store.ratings (
    analysis_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    "name" VARCHAR NOT NULL,
    period VARCHAR NOT NULL,
    rating DOUBLE NOT NULL,
    rd DOUBLE NOT NULL,
    volatility DOUBLE NOT NULL,
    games BIGINT NOT NULL
);

-- score = -z, higher where stranger; NULL where there was too little to tell, and reason says what was missing
CREATE VIEW person_fit AS
SELECT
    p.analysis_id, a.benchmarks, p.model, p.theta, p.se, p.lz, p.lz_star, p.z, -p.z AS score, p.flagged, p.n_used,
    p.n_population, p."level", p.reason, p.items, p.sensitivity, a.said ->> 'fit_id' AS fit_id, a.created
FROM store.person_fit AS p
JOIN store.analyses AS a USING (analysis_id);

CREATE VIEW rankings AS
SELECT
    r.analysis_id, a.benchmarks, a.question ->> 'method' AS "method", a.question ->> 'per' AS per, r.model, r.place,
    r."rank", r.points, r.share, r.mean, r.rank_low, r.rank_high, r.p_best, r."groups",
    CAST(a.said ->> 'n_rankings' AS INTEGER) AS n_rankings, CAST(a.said ->> 'n_tasks' AS INTEGER) AS n_tasks,
    CAST(a.said ->> 'cost' AS DOUBLE) AS cost, CAST(a.said ->> 'n_optimal' AS BIGINT) AS n_optimal,
    CAST(a.said ->> 'approximate' AS BOOLEAN) AS approximate, a.created
FROM store.rankings AS r
JOIN store.analyses AS a USING (analysis_id);

CREATE VIEW ratings AS
SELECT
    r.kind, r."name", r.period, r.rating, r.rd, r.volatility, r.games, r.analysis_id, a.benchmarks,
    CAST(a.question ->> 'tau' AS DOUBLE) AS tau, a.created
FROM store.ratings AS r
JOIN store.analyses AS a USING (analysis_id);
