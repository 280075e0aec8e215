"""The prompt format as a Jinja template, for whatever reads ``tokenizer_config.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Template
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ostinato.base.errors import UserError
from ostinato.chat import template
from ostinato.chat.messages import json_line
from ostinato.chat.template import Marker

# Doubled braces are Jinja's; @NAME@ is filled in by `chat_template`.
_TEMPLATE = """
{%- macro text(content) -%}
  {%- if content is string -%}{{- content -}}
  {%- elif content -%}{%- for part in content -%}{{- part_text(part) -}}{%- endfor -%}
  {%- endif -%}
{%- endmacro -%}
{%- macro part_text(part) -%}
  {%- if part['type'] | default('text') != 'text' or part['text'] is not string -%}
    {{- raise_exception('expected parts of type text') -}}
  {%- endif -%}
  {{- part['text'] -}}
{%- endmacro -%}
{%- macro calls_text(calls) -%}
  {{- @CALLS@ -}}
  {%- for outer in calls -%}
    {%- set call = outer['function'] | default(outer) -%}
    {%- set arguments = call['arguments'] or {} -%}
    {{- '{"name": ' ~ (call['name'] | tojson) ~ ', "arguments": ' -}}
    {{- (arguments if arguments is string else arguments | tojson) ~ '}\\n' -}}
  {%- endfor -%}
  {{- @CALLS_END@ -}}
{%- endmacro -%}
{%- macro result_start(name) -%}
  {%- if not name -%}{{- raise_exception('expected the name of the tool') -}}{%- endif -%}
  {{- 'tool name: ' ~ name ~ '\\ntool result: ' -}}
{%- endmacro -%}
{%- macro results_text(content, name) -%}
  {%- if content is string -%}{{- result_start(name) ~ content ~ '\\n\\n' -}}
  {%- else -%}
    {%- for part in content -%}
      {%- if part['name'] or loop.first -%}
        {{- ('' if loop.first else '\\n\\n') ~ result_start(part['name'] or name) -}}
      {%- endif -%}
      {{- part_text(part) ~ ('\\n\\n' if loop.last else '') -}}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro -%}
{%- set seen = namespace(system='', calls=[], name='') -%}
{%- for message in messages -%}
  {%- if message['role'] in ['system', 'developer'] -%}
    {%- set seen.system = seen.system ~ text(message['content']) -%}
  {%- endif -%}
{%- endfor -%}
{{- @BEGIN_DOCUMENT@ -}}
{%- if seen.system -%}{{- @SYSTEM@ ~ seen.system ~ @END@ -}}{%- endif -%}
{%- if tools -%}
  {{- @TOOLS@ -}}
  {%- for tool in tools -%}
    {{- (tool['function'] | default(tool) | tojson) ~ '\\n' -}}
  {%- endfor -%}
  {{- @TOOLS_AFTER@ ~ @END@ -}}
{%- endif -%}
{%- for message in messages -%}
  {%- if message['role'] == 'user' -%}
    {{- @USER@ ~ text(message['content']) ~ @END@ -}}
  {%- elif message['role'] == 'assistant' -%}
    {%- set thinking = message['reasoning_content'] | default(message['reasoning']) -%}
    {%- set content = text(message['content']) -%}
    {{- @ASSISTANT@ -}}
    {%- if thinking is string -%}{{- @THINK@ ~ thinking ~ @THINK_END@ -}}{%- endif -%}
    {{- content -}}
    {%- if message['tool_calls'] -%}
      {{- ('\\n' if content else '') ~ calls_text(message['tool_calls']) -}}
      {%- set seen.calls = seen.calls + (message['tool_calls'] | list) -%}
    {%- endif -%}
    {{- @END@ -}}
  {%- elif message['role'] == 'tool' -%}
    {%- set seen.name = '' -%}
    {%- for call in seen.calls if call['id'] and call['id'] == message['tool_call_id'] -%}
      {%- set seen.name = (call['function'] | default(call))['name'] -%}
    {%- endfor -%}
    {{- @RESULTS@ ~ results_text(message['content'], message['name'] or seen.name) ~ @END@ -}}
  {%- elif message['role'] not in ['system', 'developer'] -%}
    {{- raise_exception('expected a role: system, user, assistant or tool') -}}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- @ASSISTANT@ -}}{%- endif -%}
"""


def chat_template() -> str:
    """A template with which transformers' ``apply_chat_template`` gives the text of `render`.

    It takes messages in OpenAI's form, as `from_openai` does; arguments that come as JSON text
    are shown in their own spelling, for Jinja cannot read them.
    """
    fills = {
        "BEGIN_DOCUMENT": Marker.BEGIN_DOCUMENT,
        "END": f"{Marker.END}\n",
        "SYSTEM": Marker.BEGIN + template.SYSTEM,
        "TOOLS": Marker.BEGIN + template.TOOLS + template.TOOLS_BEFORE,
        "TOOLS_AFTER": template.TOOLS_AFTER,
        "USER": Marker.BEGIN + template.USER,
        "ASSISTANT": Marker.BEGIN + template.ASSISTANT,
        "RESULTS": Marker.BEGIN + template.RESULTS,
        "THINK": f"{template.THINK}\n",
        "THINK_END": f"\n{template.THINK_END}\n",
        "CALLS": f"{template.CALLS}\n",
        "CALLS_END": template.CALLS_END,
    }
    filled = "".join(line.strip() for line in _TEMPLATE.splitlines())
    for name, text in fills.items():
        escaped = text.replace("\n", "\\n")
        assert "'" not in escaped
        filled = filled.replace(f"@{name}@", f"'{escaped}'")
    return filled


def render_jinja(
    source: str,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]] = (),
    *,
    add_generation_prompt: bool = True,
) -> str:
    """What any chat template makes of messages in OpenAI's form, sandboxed as in transformers."""
    try:
        return _compiled(source).render(
            messages=messages,
            tools=tools or None,
            add_generation_prompt=add_generation_prompt,
            raise_exception=_raise,
        )
    except (TemplateError, TypeError) as error:
        raise UserError(f"the chat template fails on this conversation: {error}") from None


@lru_cache(maxsize=8)
def _compiled(source: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = json_line
    return environment.from_string(source)


def _raise(message: str) -> None:
    raise TemplateError(message)
