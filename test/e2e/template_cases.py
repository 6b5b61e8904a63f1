# Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Templates and chats: what models ship uses these constructs, spellings and white space."""

WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "Say \"how\" it is.\nNow.", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "enum": ["Oslo", "Zürich"]}, "days": {"type": "integer", "default": 1.5}},
    "required": ["city"]}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}}

CHATS = [
    [{"role": "user", "content": "Hi"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "  Why?\n"}],
    [{"role": "user", "content": "1"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\ntwo"}, {"role": "user", "content": "3 😀 é"}],
    [{"role": "user", "content": "quotes \" ' \\ <|im_end|> {{ x }} {% y %}"}, {"role": "assistant", "content": None}],
    [],
    [{"role": "assistant", "content": "first"}, {"role": "assistant", "content": "second"}],
    [{"role": "user", "content": [{"type": "text", "text": "look "}, {"type": "image"}, {"type": "text", "text": "there"}]}],
    {"messages": [{"role": "system", "content": ""}, {"role": "user", "content": "Weather?"},
                  {"role": "assistant", "content": "", "tool_calls": [CALL, CALL]},
                  {"role": "tool", "content": "{\"sky\": \"grey\"}", "tool_call_id": "call_1", "name": "get_weather"},
                  {"role": "tool", "content": "wet"}, {"role": "user", "content": "Thanks"}],
     "tools": [WEATHER, WEATHER["function"]], "enable_thinking": False, "date_string": "1 Jan 2026"},
    {"messages": [{"role": "user", "content": "x", "extra": [1, {"y": None}]}], "tools": [], "enable_thinking": True, "custom": {"a": [1]}},
]

EXPRESSIONS = [
    # Literals and printing
    "1", "-1", "1.0", "1e3", "1.5e-7", "1e16", "123456789.125", "1e22", "0.1 + 0.2", "0x1F", "0b101", "1_000", "true", "False", "none", "None",
    "'a\\nb\\t\\x41\\u00e9\\'\\q'", '"x" \'y\' "z"', "[1, 'a', 2.0, none, true, [], {}]", "(1,)", "(1, 2)", "()", "{'a': 1, 2: 'b'}",
    "['\\'', '\"', '\\'\"', '\\n\\\\', 'é', '\\u200b', '😀', '\\x7f']", "1, 2", "[1, 2,]", "missing", "missing ~ 'x'", "[missing]",
    # Arithmetic
    "7 // 2", "-7 // 2", "7 % -3", "-7 % 3", "7 / 2", "6 / 2", "2 ** 10", "2 ** -1", "2 ** 3 ** 2", "7.5 // 2", "-7.5 % 2", "1 + true", "'a' + 'b'",
    "'ab' * 3", "3 * 'ab'", "[1] + [2]", "[0] * 2", "(1,) + (2,)", "-f", "+n", "- n|abs", "1 ~ 2 + 3", "n * n - n", "'a' + 1", "1 / 0", "1 % 0",
    "1 + none", "missing + 1", "1 + missing", "9223372036854775807", "'%s and %d%%' % ('x', 3)", "'%s' % s", "'%r' % 'q'", "'%.2f' % 1", "'%5d|%-5d|%05d|%+d' % (1, 2, 3, 4)", "'%5s|%-5s|%.2s' % ('é', 'b', 'xyz')", "'%x %X %o' % (255, 255, 8)", "'%e %g' % (1.5, 0.1)", "'%d' % 'a'", "'%c' % 'a'", "'%z' % 1", "'%'  % 1",
    # Comparison and logic
    "1 == 1.0", "1 == true", "'1' == 1", "[1, 2] == [1, 2]", "(1,) == [1]", "{'a': 1} == {'a': 1.0}", "1 < 2 < 3", "1 < 3 < 2", "'a' < 'b'", "'é' > 'z'",
    "[1, 2] < [1, 3]", "1 < 'a'", "none < 1", "1 in [1]", "'a' in 'abc'", "'a' not in d", "'b' in d", "1 in 'a'", "2 in (1, 2)", "'x' in missing",
    "missing == missing", "missing == none", "missing != 1", "not missing", "1 and 0", "0 or 'x'", "'' or none", "not 1 == 2", "not not 1",
    "1 if 0 else 2", "1 if 0", "('a' if n > 3 else 'b') ~ 'c'", "1 if false else 2 if false else 3", "n is defined and n > 3 or false",
    # Access
    "d.a", "d['a']", "d.b[1]", "d['b'][-1]", "d['items']", "d.missing", "d.missing.more", "d['x']['y']", "messages[0].content",
    "messages[0]['role']", "messages[-1].role", "messages[99]", "messages['x']", "messages.0.role", "l[0]", "l[true]", "s[0]", "s[-1]", "s[3]",
    "'abc'.foo", "n.foo", "z.foo", "z['foo']", "z[0]", "n[0]", "none.x", "l.foo", "'abc'[5]", "d[none]", "d[1.5]",
    "l[1:]", "l[:-1]", "l[::-1]", "l[::2]", "l[5:]", "l[-2:]", "l[2:0:-1]", "s[1:4]", "s[::-1]", "s[-3:]", "s[:0]", "(1, 2, 3)[1:]", "z[1:]", "d[1:]",
    "missing[1:]", "l[::0]", "l['a':]", "messages[1:] | length", "messages[1:][0].role",
    # Methods
    "'  x '.strip() ~ '|'", "'xxaxx'.strip('x')", "'xya'.lstrip('yx')", "'a\\n'.rstrip()", "'a,b,,c'.split(',')", "' a  b '.split()", "'a b c'.split(' ', 1)",
    "'a b  c'.split(none, 1)", "'a.b.c'.rsplit('.', 1)", "' a b c '.rsplit(none, 1)", "' a b c '.split(none, 1)", "'a b'.split(none, 0)", "' a '.rsplit(none, 0)", "'</think>x</think>y'.split('</think>')[-1]", "'a'.split('')",
    "'abc'.startswith('ab')", "'abc'.startswith(('x', 'a'))", "'abc'.endswith('c')", "'abc'.startswith(1)", "s.upper()", "s.lower()", "s.title()",
    "s.capitalize()", "'ǆ ŉ ΑΣ ΑΣΑ İ'.lower()", "'ǆ ŉ ﬁ ß'.upper()", "'ǆabc'.title()", "'ǆabc'.capitalize()", "'hello wORLD'.title()", "\"it's\".title()",
    "'aXbXc'.replace('X', '--')", "'aaa'.replace('a', 'b', 2)", "'abc'.replace('', '-')", "''.replace('', '-')", "'aaa'.replace('aa', 'b')",
    "', '.join(['a', 'b'])", "','.join([1])", "','.join('abc')", "'abcabc'.find('c')", "'abc'.find('x')", "'é😀x'.find('x')", "'abcabc'.rfind('c')",
    "'abc'.index('b')", "'abc'.index('x')", "'aXbX'.count('X')", "'abc'.count('')", "'a=b=c'.partition('=')", "'a=b=c'.rpartition('=')", "'abc'.partition('=')",
    "'a\\nb\\r\\nc\\n'.splitlines()", "'a\\n\\nb'.splitlines(true)", "'abc'.isalpha()", "''.isalpha()", "'12'.isdigit()", "'1a'.isalnum()", "' \\t'.isspace()",
    "'ABC'.isupper()", "'aBC'.islower()", "'a1'.islower()", "'1'.islower()", "'5'.zfill(3)", "'-5'.zfill(4)", "'ab'.center(5, '*')", "'ab'.center(7)",
    "'abc'.center(6, '-')", "'ab'.ljust(4) ~ '|'", "'ab'.rjust(4, '0')", "'prefix-x'.removeprefix('prefix-')", "'x.py'.removesuffix('.py')",
    "'{} {}'.format('a', 1)", "'{1}{0}'.format('a', 'b')", "'{x}'.format(x=2)", "'{{}}'.format()", "'{}'.format()", "'abc'.foo()", "'abc'.strip(1)",
    "d.get('a')", "d.get('x')", "d.get('x', 5)", "d.keys() | list", "d.values() | list", "d.items() | list", "{'a': 1}.items() | list", "d.copy().a",
    "l.index(1)", "l.index(9)", "l.count(3)", "l.append(4)", "d.update({})", "d.pop('a')", "(1, 1).count(1)", "messages[0].get('role', 'x').upper()",
    "d.nope()", "missing()", "n()", "1 .x",
    # Filters
    "s | upper", "s | lower | trim", "' x ' | trim ~ '|'", "'xax' | trim('x')", "5 | trim", "none | trim", "missing | trim", "l | length", "s | length",
    "d | length", "n | length", "none | length", "missing | length", "l | first", "l | last", "e | first", "e | last", "s | first", "s | last", "d | first",
    "l | join(', ')", "l | join", "d | join(',')", "s[:3] | join('-')", "missing | join", "people | join(',', attribute='name')", "none | join",
    "missing | default('x')", "none | default('x')", "none | default('x', true)", "'' | default('x', true)", "missing | d", "0 | default(5, boolean=true)",
    "d.nope | default('y')", "l | sort", "l | sort(reverse=true)", "['b', 'A', 'c'] | sort", "['b', 'A', 'c'] | sort(case_sensitive=true)",
    "people | sort(attribute='name') | map(attribute='name') | list", "[1, 'a'] | sort", "l | reverse | list", "'abc' | reverse", 
    "l | list", "'abc' | list", "d | list", "none | list", "missing | list", "people | map(attribute='name') | join(' ')", "people | map(attribute='age') | list",
    "people | map(attribute='age', default=0) | list", "l | map('string') | list", "['a b', ' c'] | map('trim') | map('upper') | join('|')",
    "['a', 'b'] | map('replace', 'a', 'x') | list", "l | map('nope') | list", "people | selectattr('age') | map(attribute='name') | list",
    "people | selectattr('age', 'defined') | list | length", "people | selectattr('name', 'equalto', 'Bo') | list",
    "people | rejectattr('name', 'eq', 'Bo') | map(attribute='name') | list", "people | selectattr('age', 'gt', 3) | list | length",
    "messages | selectattr('role', '==', 'user') | list | length", "messages | rejectattr('role', 'equalto', 'user') | list | length",
    "messages | selectattr('role', 'in', ['user', 'x']) | list | length", "l | select('odd') | list", "l | reject('odd') | list", "l | select | list",
    "[0, 1, ''] | reject | list", "l | select('>', 1) | list", "1 if people | selectattr('nope') else 2", "(l | select('odd')) | length", "(l | map('string'))[0]",
    "l | sum", "people[:2] | sum(attribute='age')", "[[1], [2]] | sum(start=[])", "l | min", "l | max", "e | min", "['b', 'A'] | min", "people[:2] | max(attribute='age')",
    "[1, 2, 1, 'a', 'A'] | unique | list", "d | dictsort", "{'b': 1, 'A': 2} | dictsort", "{'b': 1, 'a': 2} | dictsort(by='value', reverse=true)",
    "d | items | list", "missing | items | list", "l | items | list", "l | batch(2) | list", "l | batch(2, 'x') | list", "'x' | string", "n | string", "none | string",
    "'a-b c(d' | title", "'hello WORLD é' | title", "'hELLO' | capitalize", "'a b' | replace(' ', '_')", "'aaa' | replace('a', 'b', 1)", "123 | replace(2, 'x')",
    "'a\\nb\\n\\nc' | indent", "'a\\nb' | indent(2, true)", "'a\\n\\nb\\n' | indent(1, blank=true)", "'a\\nb' | indent('> ')", "'' | indent(2, true)", "5 | indent",
    "'42' | int", "'x' | int", "'x' | int(7)", "'4.7' | int", "4.7 | int", "' 12 ' | int", "'ff' | int(base=16)", "'0xff' | int(0, 16)", "none | int", "'1_000' | int",
    "'2.5' | float", "'x' | float", "3 | float", "'1e3' | float", "none | float(1.0)", "2.567 | round(2)", "2.5 | round", "3.5 | round", "-2.5 | round", "7 | round",
    "2.1 | round(method='ceil')", "2.19 | round(1, 'floor')", "-3 | abs", "-2.5 | abs", "'x' | abs", "'a b, c_d 1' | wordcount", "'x' | safe", "'<a href=\"x\">&\\'' | e", "('<' | e) + '<'", "'<' | e | e", "'<' | e | forceescape", "'ab' | center(6) ~ '|'", "'a b/ü?&=' | urlencode", "('x' | safe) ~ 'y'", "(s | safe) ~ s", "s + ('<' | safe) + '<'", "('<' | safe) ~ none ~ 1",
    "'%s-%s' | format('a', 1)", "d | attr('a')", "'x' | nope", "l | length | string ~ '!'", "(1, 2) | list", "'x' if s | length > 3 else 'y'",
    "l | first | string | length", "s | upper | replace('S', 's') | trim | length", "[s, n] | map('string') | map('length') | list",
    # tojson
    "d | tojson", "messages | tojson", "s | tojson", "'</b> \\x00\\x1f\\x7f\\u2028 \\\\ /' | tojson", "[1, 2.0, 1e20, -0.0, true, none] | tojson", "{} | tojson",
    "[] | tojson(indent=2)", "d | tojson(indent=2)", "d | tojson(indent=0)", "d | tojson(false, 4)", "s | tojson(ensure_ascii=true)", "{'b': 1, 'a': [{}]} | tojson(sort_keys=true)",
    "d | tojson(separators=(',', ':'))", "d | tojson(indent=1, separators=(' ,', '= '))", "{1: 2, true: 3, none: 4, 1.5: 5} | tojson", "missing | tojson", "(1, 'a') | tojson",
    # Tests
    "s is string", "n is string", "n is number", "true is number", "true is integer", "true is boolean", "1 is integer", "1.0 is float", "1 is float", "d is mapping",
    "l is mapping", "l is iterable", "s is iterable", "n is iterable", "none is iterable", "missing is iterable", "l is sequence", "s is sequence", "d is sequence",
    "none is none", "missing is none", "missing is defined", "missing is not defined", "missing is undefined", "d.x is defined", "d.a is defined", "d.x.y is defined",
    "4 is even", "4 is odd", "4 is divisibleby 2", "4 is divisibleby(3)", "n is eq 7", "n is equalto(7)", "n is ne 7", "n is gt 3", "n is lt 3", "n is ge(7)", "n is le 7",
    "n is in [7]", "n is not in [7]", "true is true", "1 is true", "false is false", "0 is false", "'a' is lower", "'A' is upper", "'1' is upper", "none is sameas none",
    "1 is sameas 1", "range is callable", "s is callable", "s.upper is callable", "n is not none and n is not string", "not n is none", "n is string or n is number",
    "s is nope", "n is divisibleby", "'a' is eq('b') or 1",
    # Functions
    "range(3) | list", "range(1, 4) | list", "range(5, 0, -2) | list", "range('x') | list", "range(3)[-1]", "dict(a=1, b='x')", "dict({'a': 1}, b=2)", "dict([('a', 1)])",
    "namespace(a=1).a", "namespace().x", "namespace({'a': 2}).a", "raise_exception('no')", "raise_exception('no') if false else 'ok'", "nope(1)",
    "{'a': {'b': [1, {'c': 'deep'}]}}.a.b[1].c", "[{'x': 1}, {'x': 2}] | map(attribute='x') | sum", "('a', 'b') | join", "(n, s)[0]", "people[0].name.upper()[0]",
    "messages | map(attribute='content') | select('string') | map('length') | list", "' '.join(people | map(attribute='name'))", "(people | first).name",
    "'x' ~ 1 ~ none ~ true ~ 1.5 ~ [1]", "d == {'a': 1, 'b': [1, 2.5, none, true], 'items': 3}", "n if n else z", "(s | length) + 1", "s|length + 1",
]

STATEMENTS = [
    "{% for m in messages %}{{ loop.index }}/{{ loop.length }} {{ loop.first }} {{ loop.last }} {{ loop.revindex }} {{ loop.index0 }} {{ loop.revindex0 }} "
    "{{ loop.depth }} {{ loop.depth0 }} {{ loop.previtem.role }}|{% endfor %}",
    "{% for m in messages %}{% if loop.previtem is defined %}{{ loop.previtem.role }}{% endif %}>{{ (loop.nextitem | default({'role': '-'})).role }}|{% endfor %}",
    "{% for m in messages %}{{ loop.cycle('a', 'b') }}{{ loop.changed(m.role) }}{% else %}none{% endfor %}",
    "{% for m in messages if m.role == 'user' %}{{ loop.index }}{{ m.content }}{% else %}nobody{% endfor %}",
    "{% for a in [[1, [2]], [3]] recursive %}{{ loop.depth }}{{ loop.index }}({{ loop(a) if a is sequence else a }}){% else %}-{% endfor %}",
    "{% for a in {'a': {'b': 1}} | items recursive %}{{ a[0] }}{% if a[1] is mapping %}{{ loop(a[1] | items) }}{% break %}{% endif %}{{ loop.depth0 }}{% endfor %}",
    "{% for a in [1] %}{{ loop([2]) }}{% endfor %}", "{% macro m(x) %}<{{ caller(x, 2) }}>{% endmacro %}{% call(a, b=3) m(1) %}{{ a }}{{ b }}{% endcall %}",
    "{% macro list(items) %}{% for i in items %}{{ caller(i) }},{% endfor %}{% endmacro %}{% set out = 'o' %}{% call(i) list(messages) %}{{ out }}{{ i.role }}{% endcall %}",
    "{% macro m() %}{{ caller() }}{{ caller() | upper }}{% endmacro %}{% for x in ['a'] %}{% call m() %}{{ x }}{% endcall %}{% endfor %}", "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% for a, b in {'x': 1, 'y': 2}.items() %}{{ a }}={{ b }};{% endfor %}",
    "{% for k in {'x': 1} %}{{ k }}{% endfor %}{% for c in 'aé😀' %}[{{ c }}]{% endfor %}{% for x in missing %}no{% else %}empty{% endfor %}",
    "{% for x in none %}{% endfor %}", "{% for x in 5 %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% set x = 1 %}{% for m in messages %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}",
    "{% set ns = namespace(x=1, seen=false) %}{% for m in messages %}{% set ns.x = ns.x + 1 %}{% set ns.seen = true %}{% endfor %}{{ ns.x }}{{ ns.seen }}",
    "{% if true %}{% set y = 5 %}{% endif %}{{ y }}{% if false %}{% set q = 5 %}{% endif %}{{ q is defined }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t = 1, 2 %}{{ t }}", "{% set x = 1 %}{% set x.y = 2 %}", "{% set a, b = [1] %}",
    "{% set x %}a{{ 1 + 1 }}b {% set inner = 3 %}{% endset %}[{{ x }}]{{ inner is defined }}{{ x | length }}", "{% set x | upper | trim %}  abc {% endset %}[{{ x }}]",
    "{% if messages | length > 1 %}many{% elif messages %}one{% else %}no{% endif %}", "{% if not messages %}a{% elif 0 %}b{% elif 1 %}c{% else %}d{% endif %}",
    "{% macro m(a, b=2, c='x' ~ b) %}{{ a }}-{{ b }}-{{ c }}|{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(a=5, c=1) }}{{ m() }}{{ m(1) | length }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}",
    "{% macro fact(n) %}{{ 1 if n < 2 else n * (fact(n - 1) | int) }}{% endmacro %}{{ fact(6) }}",
    "{% set g = 1 %}{% macro m() %}{{ g }}{{ later }}{% endmacro %}{% set g = 2 %}{% set later = 'L' %}{{ m() }}{% for x in [1] %}{% set g = 9 %}{{ m() }}{% endfor %}",
    "{% macro outer(x) %}{% macro inner(y) %}{{ x }}{{ y }}{% endmacro %}{{ inner(2) }}{% endmacro %}{{ outer(1) }}",
    "{% macro m() %}{% for m in messages %}{{ m.role }}{% endfor %}{% endmacro %}{{ m() }}{{ m() | upper }}",
    "{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}.",
    "{% for i in range(3) %}{% for j in range(3) %}{% if j == 1 %}{% break %}{% endif %}{{ i }}{{ j }} {% endfor %}{{ loop.index }}{% endfor %}",
    "{% for i in range(3) %}{% if i %}{% set v = i %}{% endif %}{{ v }}|{% endfor %}", "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}",
    "{% set a = 5 %}{% with a = 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% filter upper %}abc{{ 'd' }}{% endfilter %}", "{% filter replace('a', 'b') | trim %} aa {% endfilter %}|",
    "{% generation %}said {% set hidden = 1 %}{% endgeneration %}{{ hidden is defined }}", "{% raw %}{{ not }} {% this %}{% endraw %}", "{# comment {{ x }} #}a{#- b -#} c",
    "{% set s = messages | selectattr('role', 'equalto', 'user') %}{% for m in s %}1{% endfor %}{% for m in s %}2{% endfor %}{% if s %}3{% endif %}",
    "{% set s = messages | map(attribute='role') %}{{ s | first }}{{ s | list }}{{ s | list }}", "{% if messages is defined and messages[0] is defined %}{{ messages[0]['role'] }}{% endif %}",
    "{% if messages[0]['role'] == 'system' %}{% set system = messages[0].content %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}"
    "{{ system }}|{% for m in rest %}{{ m.role }},{% endfor %}",
    "{{ messages[0].content.split('x')[0] if messages[0].content is string else 'other' }}", "{% for m in messages[::-1] %}{{ m.role }}{% endfor %}{{ messages | last | string }}",
    "{% for m in messages | reverse %}{{ loop.index0 }}{{ m.role }}{% endfor %}", "{% set loop_messages = messages %}{% for message in loop_messages %}{{ message['role'] }}{% endfor %}",
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{% endfor %}ok",
    "{% set ns = namespace(i=-1) %}{% for m in messages[::-1] %}{% set i = (messages | length - 1) - loop.index0 %}{% if ns.i < 0 and m.role == 'user' %}{% set ns.i = i %}{% endif %}{% endfor %}{{ ns.i }}",
    "{{ bos_token }}{{ eos_token }}{{ pad_token is defined }}{{ add_generation_prompt }}{{ tools is none }}{{ documents }}",
    "{% set content = messages[0].content if messages[0].content is string else '' %}{{ content | trim }}{{ content.strip() | upper }}",
    "{% set x = {'a': []} %}{{ x.a + [1] }}{% set x = dict(x, b=2) %}{{ x }}", "{% for x in [1,2] %}{% for y in [3,4] %}{{ loop.index }}{{ x }}{{ y }} {% endfor %}{{ loop.last }}{% endfor %}",
    "{% for m in messages %}{% set role = m.role %}{% macro show(x) %}<{{ role }}:{{ x }}>{% endmacro %}{{ show(m.content) }}{% endfor %}",
    "{{ '<|' + messages[0].role + '|>' ~ '\n' }}{{ \"\\n\" }}end", "{%set x=1%}{%if x==1%}{{x}}{%endif%}{%for i in[1,2]%}{{i}}{%endfor%}",
    "{% for m in messages %}\n{{ m.role }}\n  {% if loop.last %}\n last\n  {% endif %}\n{% endfor %}\n", "a\r\nb\rc\n{% if 1 %}\r\nx{% endif %}\n\n", "{{ {'a': {'b': 1}}['a'] }}{{ {} }}{{ {'x':{}} }}",
]

WHITE_SPACE = [before + left + inside + right + after + rest
               for before in ("", "a", "a ", "a\n", "a\n  ", "  ", "\n\n", "\u00a0", "a\n\t")
               for left, inside, right in (("{%", " if true ", "%}"), ("{%-", " if true ", "-%}"), ("{%+", " if true ", "+%}"), ("{%-", " if true ", "%}"), ("{%", " if true", "-%}"),
                                           ("{#", " c ", "#}{% if true %}"), ("{#-", " c ", "-#}{% if 1 %}"), ("{{", " 'v' ", "}}{% if 1 %}"), ("{{-", " 'v' ", "-}}{% if 1 %}"),
                                           ("{%", " raw ", "%} {{ x }} \n{% endraw %}{% if 1 %}"), ("{%-", " raw ", "-%} {{ x }} \n {%- endraw -%}{% if 1 %}"))
               for after in ("", "b", "\n", "\n\n", " \n b", "  ")
               for rest in ("{% endif %}", "\n  {% endif %}\n", "{%- endif -%} end", " {% endif %} \n", "\n{# x #}\n{%+ endif %}\n\n")]

# The shapes of what models ship, in our own words.
TEMPLATES = [
    # ChatML with a default system message
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    # Headers, date, tools as JSON
    """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if not tools is defined %}{%- set tools = none %}{%- endif %}

{#- The system message is taken out. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start|>system<|end|>\\n\\n" }}
{%- if tools is not none %}{{- "Environment: ipython\\n" }}{%- endif %}
{{- "Today: " + date_string + "\\n\\n" }}
{%- if tools is not none %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start|>' + message['role'] + '<|end|>\\n\\n'+ message['content'] | trim + '<|eot|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("Only one tool call at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {%- for arg_name, arg_val in tool_call.arguments | items %}
            {{- arg_name + '="' + arg_val + '"' }}{%- if not loop.last %}{{- ", " }}{%- endif %}
        {%- endfor %}
    {%- else %}
        {%- if message.content is mapping or message.content is iterable %}{{- message.content | tojson }}{%- else %}{{- message.content }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start|>assistant<|end|>\\n\\n' }}
{%- endif %}
""",
    # Thinking cut out of older turns, several tool answers in one turn
    """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- "# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- else %}
    {%- if messages[0].role == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}
                    {{- '\\n' }}
                {%- endif %}
                {%- if tool_call.function %}
                    {%- set tool_call = tool_call.function %}
                {%- endif %}
                {{- '<tool_call>\\n{"name": "' }}
                {{- tool_call.name }}
                {{- '", "arguments": ' }}
                {%- if tool_call.arguments is string %}
                    {{- tool_call.arguments }}
                {%- else %}
                    {{- tool_call.arguments | tojson }}
                {%- endif %}
                {{- '}\\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    # Alternating roles enforced, parts of a message
    """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\n\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\n'}}
{%- endif -%}
""",
    # [INST], the last user message found by a loop
    """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}
            {%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported") }}
    {%- endif %}
{%- endfor %}
""",
    # One line per role, as small models have it
    "{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}"
    "{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}"
    "{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}",
    # State in a namespace all along, tool calls, reasoning cut off
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
    "{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='', is_first_sp=true) %}"
    "{%- for message in messages %}{%- if message['role'] == 'system' %}{%- if ns.is_first_sp %}{% set ns.system_prompt = ns.system_prompt + message['content'] %}"
    "{% set ns.is_first_sp = false %}{%- else %}{% set ns.system_prompt = ns.system_prompt + '\\n\\n' + message['content'] %}{%- endif %}{%- endif %}{%- endfor %}"
    "{{ bos_token }}{{ ns.system_prompt }}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<｜User｜>' + message['content']}}{%- endif %}"
    "{%- if message['role'] == 'assistant' and 'tool_calls' in message %}{%- set ns.is_tool = false -%}{%- for tool in message['tool_calls'] %}{%- if not ns.is_first %}"
    "{{'<｜Assistant｜>' + tool['type'] + '<｜sep｜>' + tool['function']['name'] + '\\n' + '```json' + '\\n' + (tool['function']['arguments'] | tojson) + '\\n' + '```'}}"
    "{%- set ns.is_first = true -%}{%- else %}{{'\\n' + tool['type']}}{%- endif %}{%- endfor %}{%- endif %}"
    "{%- if message['role'] == 'assistant' and 'tool_calls' not in message %}{%- if ns.is_tool %}{{'<｜end｜>' + message['content']}}{%- set ns.is_tool = false -%}{%- else %}"
    "{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '<｜eos｜>'}}{%- endif %}{%- endif %}"
    "{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{%- if ns.is_output_first %}{{'<out>' + message['content']}}{%- set ns.is_output_first = false %}{%- else %}"
    "{{'\\n<out>' + message['content']}}{%- endif %}{%- endif %}{%- endfor -%}{% if ns.is_tool %}{{'<end>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{'<｜Assistant｜>'}}{% endif %}",
    # Macros that describe tools, recursion into schemas
    """{%- macro json_to_python_type(json_spec) %}
    {%- set basic_type_map = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} %}
    {%- if basic_type_map[json_spec.type] is defined %}
        {{- basic_type_map[json_spec.type] }}
    {%- elif json_spec.type == "array" %}
        {{- "list[" + json_to_python_type(json_spec|items) + "]" }}
    {%- elif json_spec.type == "object" %}
        {%- if json_spec.additionalProperties is defined %}
            {{- "dict[str, " + json_to_python_type(json_spec.additionalProperties) + ']' }}
        {%- else %}
            {{- "dict" }}
        {%- endif %}
    {%- elif json_spec.type is iterable %}
        {{- "Union[" }}
        {%- for t in json_spec.type %}
            {{- json_to_python_type({"type": t}) }}
            {%- if not loop.last %}{{- "," }}{%- endif %}
        {%- endfor %}
        {{- "]" }}
    {%- else %}
        {{- "Any" }}
    {%- endif %}
{%- endmacro %}
{%- for tool in tools or [] %}
    {%- if tool.function is defined %}{%- set tool = tool.function %}{%- endif %}
    {{- "def " + tool.name + "(" }}
    {%- for param_name, param_fields in tool.parameters.properties|items %}
        {{- param_name + ": " + json_to_python_type(param_fields) }}
        {%- if not loop.last %}{{- ", " }}{%- endif %}
    {%- endfor %}
    {{- ") # " ~ (tool.parameters.required | default([]) | join('/')) }}
{% endfor %}
{% for message in messages %}{{ message.role | capitalize }}: {{ message.content if message.content is string else (message.content or []) | selectattr('type', 'equalto', 'text') | map(attribute='text') | join('') }}
{% endfor %}""",
]

REFUSED = [
    ("a\nb\n{% nope %}", 3, "nope"), ("{{ x | nope }}", 1, "nope"), ("\n{{ x is nope }}", 2, "nope"), ("{% if x %}\n\na", 3, "endif"), ("{{ 'abc }}", 1, "string"),
    ("a\n{{ x", 2, "{{"), ("{% for x in y %}{% endif %}", 1, "endif"), ("{{ x[1 }}", 1, "'}'"), ("{# x", 1, "comment"), ("{% raw %}x", 1, "raw"),
    ("{% include 'x' %}", 1, "include"), ("{% extends 'x' %}", 1, "extends"), ("{% call m %}{% endcall %}", 1, "call"), ("{% import 'x' as y %}", 1, "import"),
    ("{{ f(*x) }}", 1, "*"), ("{{ 1 $ 2 }}", 1, "$"), ("{% set = 1 %}", 1, "="), ("{% set none = 1 %}", 1, "none"), ("{% break %}", 1, "break"), ("{{ }}", 1, "expression"),
    ("{% else %}", 1, "else"), ("{{ 99999999999999999999 }}", 1, "99999999999999999999"), ("\n\n{{ raise_exception('because ' ~ 1) }}", 3, "because 1"),
    ("a\n{{ x.y.z }}", 2, "'x' is undefined"), ("{% for x in 1 %}{% endfor %}", 1, "iterated"), ("\n{{ nope() }}", 2, "nope"), ("{{ 'a' + 1 }}", 1, "'str' and 'int'"),
    ("{% set l = [] %}\n{{ l.append(1) }}", 2, "append"), ("{{ '\\N{DASH}' }}", 1, "escape"), ("{{ {[]: 1} }}", 1, "key"), ("{{ messages | tojson(nope=1) }}", 1, "nope"),
]
