-- The table, and what makes it tell of its changes: NOTIFY, with the key of the row.

CREATE TABLE IF NOT EXISTS projects (
  namespace text NOT NULL,
  name text NOT NULL,
  owner text NOT NULL,
  budget integer NOT NULL DEFAULT 0,
  labels jsonb NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 0,
  created timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (namespace, name)
);

-- One counter for all rows: a row that is deleted and made again never has an old version.
CREATE SEQUENCE IF NOT EXISTS project_versions;

CREATE OR REPLACE FUNCTION project_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := nextval('project_versions');
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION project_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed projects := coalesce(NEW, OLD);
BEGIN
  PERFORM pg_notify('projects', changed.namespace || '/' || changed.name);
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER project_changes
  BEFORE INSERT OR UPDATE ON projects
  FOR EACH ROW EXECUTE FUNCTION project_changes();

CREATE OR REPLACE TRIGGER project_changed
  AFTER INSERT OR UPDATE OR DELETE ON projects
  FOR EACH ROW EXECUTE FUNCTION project_changed();
