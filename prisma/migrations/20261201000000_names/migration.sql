-- A name as names are compared (file formats, section 4.2): without case, accents, strokes, blanks, hyphens, apostrophes and
-- full stops. Full-width letters and ligatures are the ordinary ones. The marks of scripts in which they are letters stay, and so
-- does a name that has nothing else.
-- test/model/names.ts does the same.
create function folded_name(name text) returns text
  language sql immutable parallel safe
  as $$
    select coalesce(nullif(replace(replace(replace(replace(translate(
      lower(regexp_replace(normalize(name, NFKD),
        '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u0001-\u0020\u007f-\u00ad\u1680\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff''`\u02b9-\u02bf\u2018-\u201b\u2032\u2035\u002d\u2010-\u2015\u2212.]',
        '', 'g') collate "und-x-icu"),
      'ıłøđħŧðς', 'ilodhtdσ'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), ''), name)
  $$;

-- How far the names of two people agree: 3 both names, in either order; 2 the first name; 1 one side has no name;
-- 0 the names differ. A lone name counts as the first name. A shared last name is not enough.
create function name_agreement(first_name text, last_name text, other_first text, other_last text) returns integer
  language sql immutable parallel safe
  as $$
    select case when first_name <> '' and first_name = other_first and last_name = other_last then 3 else (
      select case
        when first = '' or other = '' then 1
        when (first = other and last = other_l) or (first = other_l and last = other) then 3
        when first = other then 2
        else 0 end
      from (
        select coalesce(nullif(f, ''), l) as first, case when f = '' then '' else l end as last,
          coalesce(nullif(of, ''), ol) as other, case when of = '' then '' else ol end as other_l
        from (values (coalesce(folded_name(first_name), ''), coalesce(folded_name(last_name), ''),
          coalesce(folded_name(other_first), ''), coalesce(folded_name(other_last), ''))) folded (f, l, of, ol)
      ) names) end
  $$;

-- Tells if two names can be of one person: the first names agree, or both names in swapped order.
create function names_agree(first_name text, last_name text, other_first text, other_last text) returns boolean
  language sql immutable parallel safe
  as $$ select name_agreement(first_name, last_name, other_first, other_last) >= 2 $$;

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
