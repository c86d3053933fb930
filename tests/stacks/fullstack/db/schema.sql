-- May run any number of times.
SET client_min_messages = warning;
CREATE TABLE IF NOT EXISTS visits (
    id   bigserial PRIMARY KEY,
    page text NOT NULL,
    at   timestamptz NOT NULL DEFAULT now()
);
