CREATE TABLE domains (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    web_address text NOT NULL,
    is_default boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX domains_one_default ON domains (is_default) WHERE is_default;
INSERT INTO domains (name, web_address, is_default) VALUES ('default', 'localhost', true);

CREATE TABLE system_settings (name text PRIMARY KEY, value text NOT NULL);
INSERT INTO system_settings (name, value)
VALUES ('sip.outgoing_proxy', ''), ('sip.default_from_header', ''), ('h323.default_from_header', '');

CREATE TABLE license (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    server_instance_id text NOT NULL DEFAULT '',
    file bytea,
    file_name text,
    installed_at timestamptz
);
INSERT INTO license DEFAULT VALUES;

-- NULL: not set; the application then takes the usual port, and no log-in.
CREATE TABLE mail_settings (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    enabled boolean NOT NULL DEFAULT false,
    hostname text NOT NULL DEFAULT '',
    port integer CHECK (port BETWEEN 1 AND 65535),
    username text,
    password text,
    sender text
);
INSERT INTO mail_settings DEFAULT VALUES;

CREATE TABLE sms_settings (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    enabled boolean NOT NULL DEFAULT false,
    host text NOT NULL DEFAULT '',
    port integer CHECK (port BETWEEN 1 AND 65535),
    username text,
    password text,
    sender_address text
);
INSERT INTO sms_settings DEFAULT VALUES;

CREATE TABLE external_file_storage (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    enabled boolean NOT NULL DEFAULT false,
    address text NOT NULL DEFAULT '',
    share text NOT NULL DEFAULT '',
    mount_point text NOT NULL DEFAULT ''
);
INSERT INTO external_file_storage DEFAULT VALUES;

CREATE TABLE administrators (
    name text PRIMARY KEY,
    password_hash text NOT NULL
);

-- 244 random bits: with them in the database, a signed session is good on both heads.
CREATE TABLE session_key (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    key text NOT NULL DEFAULT gen_random_uuid()::text || gen_random_uuid()::text
);
INSERT INTO session_key DEFAULT VALUES;
