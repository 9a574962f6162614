"""Which statements call functions that are not the server's own.

A stored function may set variables of the session; the server's own do not. The list need not be
complete: a statement that is taken for one that calls something costs a question, no more.

Source: MySQL Reference Manual, "Built-In Function and Operator Reference"; MariaDB, "Function and
Operator Reference".
"""

from __future__ import annotations

import re

# A word, or a quoted name, with a parenthesis behind it.
_CALL = re.compile(rb"(?:(?<![\w$\x80-\xff])([\w$\x80-\xff]++)|[`\"]|\*/)\s*+\(")
# A name behind a dot is a stored function's, also one that is a native function's, too.
_QUALIFIED = re.compile(rb"\.\s*+[\w$\x80-\xff]++\s*+\(")

_SYNTAX = b"""
all and any as asc between by case check desc distinct div else except exists force from full
group having ignore in index inner intersect into is join key lateral left like limit limits
lock mod natural not of offset on or order outer over partition pass range recursive regexp
returning right rlike rows select separator set some straight_join table then union unique
update use using values when where window with within xor memory tablespace array json_table
columns primary foreign references constraint char varchar binary varbinary decimal dec numeric
float double datetime timestamp time year bit int integer bigint smallint tinyint mediumint text
blob enum signed unsigned character nchar
"""

_FUNCTIONS = b"""
abs acos adddate addtime aes_decrypt aes_encrypt any_value ascii asin atan atan2 avg benchmark
bin bin_to_uuid bit_and bit_count bit_length bit_or bit_xor cast ceil ceiling char_length
character_length charset coalesce coercibility collation compress concat concat_ws connection_id
conv convert convert_tz cos cot count crc32 cume_dist curdate current_date current_role
current_time current_timestamp current_user curtime database date date_add date_format date_sub
datediff day dayname dayofmonth dayofweek dayofyear default degrees dense_rank elt exp
export_set extract extractvalue field find_in_set first_value floor format format_bytes
format_pico_time found_rows from_base64 from_days from_unixtime geomcollection get_format
get_lock greatest group_concat grouping hex hour if ifnull inet6_aton inet6_ntoa inet_aton
inet_ntoa insert instr interval is_free_lock is_ipv4 is_ipv6 is_used_lock is_uuid isnull
json_array json_array_append json_array_insert json_arrayagg json_contains json_contains_path
json_depth json_extract json_insert json_keys json_length json_merge json_merge_patch
json_merge_preserve json_object json_objectagg json_overlaps json_pretty json_quote json_remove
json_replace json_schema_valid json_search json_set json_storage_size json_type json_unquote
json_valid json_value lag last_day last_insert_id last_value lcase lead least length linestring
ln localtime localtimestamp locate log log10 log2 lower lpad ltrim make_set makedate maketime
max md5 microsecond mid min minute month monthname name_const now nth_value ntile nullif oct
octet_length ord password percent_rank period_add period_diff pi point polygon position pow
power quarter quote radians rand random_bytes rank regexp_instr regexp_like regexp_replace
regexp_substr release_all_locks release_lock repeat replace reverse roles_graphml round row
row_count row_number rpad rtrim schema sec_to_time second session_user sha sha1 sha2 sign sin
sleep soundex space sqrt st_asgeojson st_astext st_contains st_distance st_geomfromtext
st_intersects st_point st_within st_x st_y statement_digest std stddev stddev_pop stddev_samp
str_to_date strcmp subdate substr substring substring_index subtime sum sysdate system_user tan
time_format time_to_sec timediff timestampadd timestampdiff to_base64 to_char to_days to_seconds
trim truncate ucase uncompress uncompressed_length unhex unix_timestamp updatexml upper user
utc_date utc_time utc_timestamp uuid uuid_short uuid_to_bin validate_password_strength var_pop
var_samp variance version week weekday weekofyear weight_string yearweek nvl nvl2 decode_oracle
median percentile_cont lastval nextval setval chr natural_sort_key sformat json_compact
json_detailed json_exists json_loose json_query
"""

_KNOWN = frozenset((*_SYNTAX.split(), *_FUNCTIONS.split()))


def may_call(text: bytes, start: int) -> bool:
    """Whether ``text[start:]``, in lower case, may call a function that is not built in.

    Quoted names are taken for such, and words in strings and comments for what they look like.
    """
    if text.find(b"(", start) < 0:
        return False
    if text.find(b"\n", start) >= 0 and (text.find(b"--") >= 0 or text.find(b"#") >= 0):
        return True  # a comment may stand between a name and its parenthesis
    found = _CALL.findall(text, start)
    if b"" in found or not _KNOWN.issuperset(found):
        return True
    return _QUALIFIED.search(text, start) is not None
