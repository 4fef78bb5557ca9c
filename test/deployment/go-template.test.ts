import { expect, test } from 'vitest';
import { renderTemplates } from './go-template.ts';

const render = (text: string, dot: unknown): string | undefined =>
  renderTemplates(
    new Map([
      ['_parts', '{{- define "part" -}}\na: {{ .x }}\n{{- end }}'],
      ['one', text],
    ]),
    dot,
  ).get('one');

test.each([
  ['a: {{ .x }}', { x: 1 }, 'a: 1'],
  ['a:\n  {{- if .x }} yes\n  {{- else }} no\n  {{- end }}\nb', { x: '' }, 'a: no\nb'],
  [
    '{{- range $name, $value := .x }}\n- {{ $name }}={{ $value.y }}{{ $.z }}\n{{- end }}',
    { x: { b: { y: 2 }, a: { y: 1 } }, z: '!' },
    '\n- a=1!\n- b=2!',
  ],
  ['x:\n  {{- include "part" . | nindent 2 }}', { x: 1 }, 'x:\n  a: 1'],
  ['{{ printf "%s:%s" .x (.y | default .z) | quote }}', { x: 'a', y: '', z: 'c' }, '"a:c"'],
  ['x:\n  {{- toYaml .x | nindent 2 }}', { x: { a: [1] } }, 'x:\n  a:\n    - 1'],
])('%j is rendered as Go does', (text, dot, rendered) => {
  expect(render(text, dot)).toBe(rendered);
});

test.each([
  ['{{ .x.y }}', '.x.y is not there'],
  ['{{ lookup "v1" }}', 'lookup is no function that is known here'],
  ['{{ include "nothing" . }}', 'nothing is not defined'],
  ['{{ if .a }}', 'if without end'],
  ['{{ end }}', 'end of nothing'],
  ['{{ .a .b }}', 'cannot read'],
])('%j is an error', (text, complaint) => {
  expect(() => render(text, { a: 1, b: 2 })).toThrow(complaint);
});
