-- A name as names are compared: without accents, in lower case (file formats, section 4).
create function folded_name(name text) returns text
  language sql immutable parallel safe
  as $$ select lower(regexp_replace(normalize(name, NFD), '[\u0300-\u036f]', '', 'g')) $$;

-- Whether two names can be of one person: the first names agree, or both names in swapped order. A shared last name is not
-- enough, but a person may have just one name, in either place.
create function names_agree(first_name text, last_name text, other_first text, other_last text) returns boolean
  language sql immutable parallel safe
  as $$
    select (first <> '' and first = other_f)
      or (first || last <> '' and first = other_l and last = other_f)
      or (first = '' and other_f = '' and last <> '' and last = other_l)
    from (values (folded_name(coalesce(first_name, '')), folded_name(coalesce(last_name, '')),
      folded_name(coalesce(other_first, '')), folded_name(coalesce(other_last, '')))) folded (first, last, other_f, other_l)
  $$;

-- Whether a text that was sent is what is left of a stored one whose letters were lost on the way (file formats, section 5):
-- U+FFFD in it; a ? for each letter or for each byte of a letter; or UTF-8 that was read in another encoding, which turns a
-- letter into two or more characters. Parts that | separates are compared one by one.
create function damages_text(stored text, sent text) returns boolean
  language sql immutable parallel safe
  as $$
    select stored is distinct from sent and coalesce(bool_or(before <> '' and (
      (strpos(after, U&'\FFFD') > 0 and strpos(before, U&'\FFFD') = 0)
      or (strpos(after, '?') > 0 and strpos(before, '?') = 0
        and before like replace(replace(replace(replace(after, '\', '\\'), '%', '\%'), '_', '\_'), '?', '_'))
      or (before ~ '[^\u0001-\u007f]' and before <> after
        and regexp_replace(before, '[^\u0021-\u007e]|[?]', '', 'g') = regexp_replace(after, '[^\u0021-\u007e]|[?]', '', 'g')
        and (
          length(regexp_replace(after, '[^?]', '', 'g')) > length(regexp_replace(before, '[^?]', '', 'g'))
          or length(regexp_replace(after, '[\u0001-\u007f]', '', 'g'))
            >= 2 * length(regexp_replace(before, '[\u0001-\u007f]', '', 'g'))
          or (after ~ '[\u0080-\u00bf\u02c6\u02dc\u2010-\u203a\u20ac\u2122\u2200-\u22ff\u2500-\u25ff]'
            and before !~ '[\u0080-\u00bf\u02c6\u02dc\u2010-\u203a\u20ac\u2122\u2200-\u22ff\u2500-\u25ff]')
          or (after ~ '[\u00c2\u00c3]' and before !~ '[\u00c2\u00c3]')
        )))), false)
    from unnest(string_to_array(stored, '|'), string_to_array(sent, '|')) part (before, after)
  $$;
