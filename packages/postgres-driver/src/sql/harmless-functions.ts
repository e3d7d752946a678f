/**
 * PostgreSQL's own functions that change nothing in a session, but for the state of a sequence. What is missing here counts as unknown, so the list must be
 * right and need not be complete.
 */
const FUNCTIONS: ReadonlySet<string> = new Set(
  `abs acos age array_agg array_append array_cat array_length array_lower array_ndims array_position array_positions array_prepend array_remove
  array_replace array_to_json array_to_string array_upper ascii asin atan atan2 avg bit_and bit_count bit_length bit_or bool_and bool_or btrim cardinality
  cbrt ceil ceiling char_length character_length chr clock_timestamp coalesce concat concat_ws convert_from convert_to corr cos count cume_dist
  current_database current_schema current_setting currval date date_bin date_part date_trunc decode degrees dense_rank div encode every exp extract
  first_value floor format gcd gen_random_uuid generate_series generate_subscripts greatest grouping host initcap isfinite json_agg json_array_elements
  json_array_elements_text json_array_length json_build_array json_build_object json_each json_each_text json_extract_path json_extract_path_text
  json_object json_object_agg json_object_keys json_populate_record json_strip_nulls json_to_record json_to_recordset json_typeof jsonb_agg
  jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
  jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_query jsonb_pretty jsonb_set
  jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof justify_days justify_hours justify_interval lag last_value lastval lcm lead least left
  length ln localtime localtimestamp log log10 lower lower_inc lower_inf lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz max
  md5 min min_scale mod mode nextval now nth_value ntile nullif num_nonnulls num_nulls numrange int4range int8range daterange tsrange tstzrange
  octet_length overlay percent_rank percentile_cont percentile_disc pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_backend_pid pg_column_size
  pg_current_wal_insert_lsn pg_current_wal_lsn pg_current_xact_id pg_database_size pg_get_serial_sequence pg_indexes_size pg_notify pg_relation_size pg_sleep
  pg_table_size pg_total_relation_size pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_typeof phraseto_tsquery pi plainto_tsquery position power
  quote_ident quote_literal quote_nullable radians random range_agg rank regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace
  regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right round row_number row_to_json rpad rtrim scale setval setweight
  sha256 sign sin split_part sqrt starts_with statement_timestamp stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strip strpos substr
  substring sum tan timeofday to_char to_date to_hex to_json to_jsonb to_number to_regclass to_timestamp to_tsquery to_tsvector transaction_timestamp
  translate trim trim_array trim_scale trunc ts_headline ts_rank ts_rank_cd txid_current unnest upper upper_inc upper_inf uuidv4 uuidv7 var_pop var_samp
  variance version websearch_to_tsquery width_bucket xmlagg`.split(/\s+/),
);

/**
 * Keywords that a parenthesis may follow, and that are no name of a function unless they are quoted
 * (https://www.postgresql.org/docs/current/sql-keywords-appendix.html: reserved, or not for functions).
 */
const KEYWORDS: ReadonlySet<string> = new Set(
  `all and any array as asc between case desc distinct else except exists for from group having in intersect lateral limit not null offset on only or
  returning row select some symmetric then union using values when where`.split(/\s+/),
);

/** Other keywords that a parenthesis may follow, after one of these words or signs. */
const AFTER: Readonly<Record<string, readonly string[] | undefined>> = {
  by: ['group', 'order', 'partition'],
  filter: [')'],
  materialized: ['as', 'not'],
  over: [')'],
  sets: ['grouping'],
};

/** PostgreSQL's own types. A cast to a domain of the application would run its checks. */
const TYPES: ReadonlySet<string> = new Set(
  `bigint bit bool boolean bpchar bytea char character cidr date dec decimal double float float4 float8 inet int int2 int4 int8 integer interval json jsonb
  macaddr money name numeric oid real regclass regtype smallint text time timestamp timestamptz timetz tsquery tsvector uuid varchar xml`.split(
    /\s+/,
  ),
);

/**
 * Whether an unquoted word without a schema, followed by a parenthesis, is a function that changes nothing in a session, or no function.
 *
 * @param before the word or sign before it.
 */
export function isHarmlessCall(word: string, before: string | undefined): boolean {
  return (
    FUNCTIONS.has(word) ||
    KEYWORDS.has(word) ||
    TYPES.has(word) ||
    (before !== undefined && AFTER[word]?.includes(before) === true)
  );
}

/** Whether an unquoted name without a schema is a type of PostgreSQL itself. */
export function isOwnType(word: string): boolean {
  return TYPES.has(word);
}
