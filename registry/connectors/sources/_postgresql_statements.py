"""What a PostgreSQL is asked: its own catalogue, by statements that hold no name of anybody's."""

from __future__ import annotations

#: What roles that people log in with are called together, for their names are often those of people.
LOGINS = "(login roles)"

#: Every column of every table and view, in the order of tables; of these schemas, if any are named.
COLUMNS = """
SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       c.relrowsecurity AS secured, a.attname AS column, t.typname AS type, t.typcategory::text AS sort,
       tn.nspname = 'pg_catalog' AND t.typtype = 'b' AS built_in, pg_catalog.left(d.description, 1000) AS comment
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_description d
    ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = a.attnum
 WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v') AND NOT c.relispartition AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND (%s::text[] IS NULL OR n.nspname = ANY (%s::text[]))
 ORDER BY c.oid, a.attnum
"""

ATTRIBUTES = (
    "superuser",
    "createrole",
    "createdb",
    "replication",
    "create_in_database",
)  # bypassrls is reading
OURS = """
SELECT rolsuper AS superuser, rolcreaterole AS createrole, rolcreatedb AS createdb, rolreplication AS replication,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS create_in_database,
       CASE WHEN pg_catalog.isfinite(rolvaliduntil)
            THEN pg_catalog.to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD') END AS ends
  FROM pg_catalog.pg_roles WHERE rolname = current_user
"""
#: Predefined roles with which one may do more than read tables, and that our own role is in without being superuser.
POWERS = """
SELECT r.rolname AS role FROM pg_catalog.pg_roles r, pg_catalog.pg_roles me
 WHERE me.rolname = current_user AND NOT me.rolsuper AND pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER')
   AND r.rolname IN ('pg_write_all_data', 'pg_execute_server_program', 'pg_write_server_files', 'pg_maintain',
                     'pg_read_server_files', 'pg_signal_backend', 'pg_create_subscription')
 ORDER BY r.rolname
"""
#: On how many tables our own role may write, and in how many schemas create.
WRITES = """
SELECT p.privilege, pg_catalog.count(*) AS count
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
       pg_catalog.unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p (privilege)
 WHERE c.relkind IN ('r', 'p', 'f', 'v') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND pg_catalog.has_table_privilege(c.oid, p.privilege)
 GROUP BY p.privilege
UNION ALL
SELECT 'CREATE', pg_catalog.count(*) FROM pg_catalog.pg_namespace n
 WHERE n.nspname !~ '^pg_' AND pg_catalog.has_schema_privilege(n.oid, 'CREATE')
HAVING pg_catalog.count(*) > 0
 ORDER BY 1
"""

#: Who was granted what on these tables (%(tables)s) and on what is below them, partitions and heirs; or on these
#: columns of them. Whoever may not use the schema gets nothing from it: of each role those are counted who log in, have
#: it, and may. PUBLIC is a role here: of those who may use the schema. Superusers need no grant, and are counted below.
GRANTS = """
WITH RECURSIVE below (top, oid) AS (
  SELECT t, t FROM (SELECT DISTINCT unnest(%(tables)s::int8[])::oid) AS given (t)
  UNION
  SELECT b.top, i.inhrelid FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.oid
), grants AS (
  SELECT b.top, c.relnamespace, c.relowner, x.grantee, x.privilege_type
    FROM below b JOIN pg_catalog.pg_class c ON c.oid = b.oid,
         pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) x
  UNION
  SELECT b.top, c.relnamespace, c.relowner, x.grantee, x.privilege_type
    FROM unnest(%(of)s::int8[], %(columns)s::text[]) AS wanted (oid, name)
    JOIN below b ON b.top = wanted.oid::oid
    JOIN pg_catalog.pg_class c ON c.oid = b.oid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = wanted.name AND a.attacl IS NOT NULL,
         pg_catalog.aclexplode(a.attacl) x
), counted AS (
  SELECT g.grantee, r.rolname, r.rolcanlogin, g.privilege_type AS privilege,
         pg_catalog.count(DISTINCT g.top) AS tables, pg_catalog.bool_or(g.grantee = g.relowner) AS owner,
         pg_catalog.array_agg(DISTINCT g.relnamespace) AS schemas
    FROM grants g LEFT JOIN pg_catalog.pg_roles r ON r.oid = g.grantee
   WHERE g.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
     AND r.rolsuper IS NOT TRUE AND (g.grantee = 0 OR r.oid IS NOT NULL)
   GROUP BY g.grantee, r.rolname, r.rolcanlogin, g.privilege_type
)
SELECT counted.grantee::int8 AS grantee, rolname, rolcanlogin, privilege, tables, owner,
       CASE WHEN counted.grantee = 0 AND EXISTS (
         SELECT FROM unnest(schemas) s WHERE pg_catalog.has_schema_privilege('public', s, 'USAGE')) THEN NULL
       ELSE (SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles l
         WHERE l.rolcanlogin AND NOT l.rolsuper
           AND (counted.grantee = 0 OR pg_catalog.pg_has_role(l.oid, counted.grantee, 'MEMBER'))
           AND EXISTS (SELECT FROM unnest(schemas) s WHERE pg_catalog.has_schema_privilege(l.oid, s, 'USAGE')
              OR (counted.grantee <> 0 AND pg_catalog.has_schema_privilege(counted.grantee, s, 'USAGE'))))
       END AS members
  FROM counted ORDER BY rolname NULLS FIRST, privilege
"""

#: Who reads without any grant.
PREDEFINED = """
SELECT 'superuser' AS role, 'admin' AS permission, pg_catalog.count(*) AS members
  FROM pg_catalog.pg_roles WHERE rolsuper AND rolcanlogin
UNION ALL
SELECT r.rolname, CASE r.rolname WHEN 'pg_read_all_data' THEN 'viewer' ELSE 'admin' END,
       (SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles l
         WHERE l.rolcanlogin AND NOT l.rolsuper AND pg_catalog.pg_has_role(l.oid, r.oid, 'MEMBER'))
  FROM pg_catalog.pg_roles r
 WHERE r.rolname IN ('pg_read_all_data', 'pg_read_server_files', 'pg_execute_server_program')
 ORDER BY 1
"""

#: Which of these columns a table has, by schema.table.
PLACED = """
SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, a.attname AS column,
       CASE WHEN tn.nspname = 'pg_catalog' AND t.typtype = 'b' THEN t.typname END AS type
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname::text = ANY (%(columns)s::text[])
  LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
 WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v') AND n.nspname::text || '.' || c.relname::text = %(table)s
 ORDER BY c.oid, a.attnum
"""
#: By type, a column as a day; {column} and {zone} are put in by the driver. What is no day of the calendar is null.
DAYS = {
    "date": "CASE WHEN {column} >= date '0001-01-01' AND {column} <= date '9999-12-31' THEN {column} END",
    "timestamp": "CASE WHEN {column} >= timestamp '0001-01-01' AND {column} < timestamp '9999-12-31'"
    " THEN {column}::date END",
    "timestamptz": "CASE WHEN {column} >= timestamptz '0001-01-02 00:00Z'"
    " AND {column} < timestamptz '9999-12-30 00:00Z' THEN ({column} AT TIME ZONE {zone})::date END",
}
#: Requests by their days, the slowest first: answered since a day, or not answered, or not in order.
#: {columns} are the parts, each as a day and whether there is anything in it.
REQUESTS = """
SELECT pg_catalog.to_char(received, 'YYYY-MM-DD') AS received_on, has_received,
       pg_catalog.to_char(identified, 'YYYY-MM-DD') AS identified_on, has_identified,
       pg_catalog.to_char(extended, 'YYYY-MM-DD') AS extended_on, has_extended,
       pg_catalog.to_char(answered, 'YYYY-MM-DD') AS answered_on, has_answered
  FROM (SELECT {columns} FROM {table}) AS request
 WHERE (received <= answered AND answered < {since}::date) IS NOT TRUE
 ORDER BY answered - coalesce(identified, received) DESC NULLS FIRST, received, identified, extended, answered
 LIMIT {most}
"""

SETTINGS = "SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('ssl', 'log_statement')"

#: Ways by which data leaves the database for another, or comes from there.
CONNECTED = """
SELECT 'publication' AS sort, pubname AS name FROM pg_catalog.pg_publication
UNION ALL SELECT 'server', srvname FROM pg_catalog.pg_foreign_server
 ORDER BY 1, 2
"""

#: By type, the least value of a column as an instant; {column} and {table} are put in by the driver.
OLDEST = {
    "date": "pg_catalog.min({column})::timestamp",
    "timestamp": "pg_catalog.min({column})",
    "timestamptz": "pg_catalog.min({column}) AT TIME ZONE 'UTC'",
}
LEAST = """
SELECT CASE WHEN pg_catalog.isfinite(found.least) AND found.least >= timestamp '0001-01-01'
            THEN pg_catalog.to_char(found.least, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END AS oldest,
       CASE WHEN found.least IS NULL THEN EXISTS (SELECT FROM {table}) ELSE true END AS any
  FROM (SELECT {least} AS least FROM {table}) AS found
"""
