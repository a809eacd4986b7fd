CREATE TABLE media_servers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address text NOT NULL UNIQUE CHECK (address <> ''),
    name text NOT NULL DEFAULT '',
    enabled boolean NOT NULL DEFAULT true,
    -- A new one whenever conferences were taken away: the server then asks for its whole list again.
    generation uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO media_servers (address, name) VALUES ('127.0.0.1', 'this server');

-- placed_in is the transaction that put the conference where it is: whatever is older than every open
-- transaction is complete, so a media server can be told only what came since it was told last.
ALTER TABLE conferences
    ADD COLUMN media_server_id bigint REFERENCES media_servers ON DELETE SET NULL,
    ADD COLUMN placed_in xid8;
CREATE INDEX conferences_by_media_server ON conferences (media_server_id, placed_in, id);
