import { describe, expect, test } from 'vitest';
import { parseHostMessage, parsePanelMessage } from '../../webview/protocol';
import { restoreViewState } from '../../webview/view-state';
import { fixture, NPY } from './fixtures';

describe('parseHostMessage', () => {
  test('a report in JSON form becomes numbers again', () => {
    const json = fixture('healthy') as { quantities: { trace: { value: unknown } } };
    json.quantities.trace.value = 'NaN';
    const message = parseHostMessage({ type: 'report', tensor: '', report: json, final: true });
    if (message?.type !== 'report') throw new Error('not a report');
    expect(message.report.spectrum!.eigenvalues).toBeInstanceOf(Float64Array);
    expect(message.report.quantities.trace!.value).toBeNaN();
    // And a report that travelled as an object stays as it is.
    expect(parseHostMessage(message)).toEqual(message);
  });

  test('what the host does not say is refused', () => {
    expect(parseHostMessage({ type: 'report', tensor: '', report: { schema: 'other/1' }, final: true })).toBeNull();
    expect(parseHostMessage({ type: 'file', file: { path: 1 }, selected: null })).toBeNull();
    expect(parseHostMessage({ type: 'vscode-internal' })).toBeNull();
    expect(parseHostMessage('text')).toBeNull();
    expect(parseHostMessage({ type: 'file', file: NPY, selected: '' })).toMatchObject({ type: 'file' });
  });
});

test('parsePanelMessage lets in what the panel says and nothing else', () => {
  expect(parsePanelMessage({ type: 'select', tensor: 'a' })).toEqual({ type: 'select', tensor: 'a' });
  expect(parsePanelMessage({ type: 'select', tensor: 1 })).toBeNull();
  expect(parsePanelMessage({ type: 'run', command: 'x' })).toBeNull();
  expect(parsePanelMessage(null)).toBeNull();
  const described = { type: 'ready', selected: null, layout: { dtype: 'float16', columns: 2 } };
  expect(parsePanelMessage(described)).toEqual(described);
  expect(parsePanelMessage({ ...described, layout: { dtype: 'float16', columns: 0.5 } })).toBeNull();
  const file = { name: 'spectrum.svg', encoding: 'utf8', content: '<svg/>' };
  expect(parsePanelMessage({ type: 'save', file })).toEqual({ type: 'save', file });
  expect(parsePanelMessage({ type: 'save', file: { ...file, name: '../../.bashrc' } })).toBeNull();
});

test('a saved view comes back member by member', () => {
  const layout = { dtype: 'float32', columns: 768 };
  const saved = { path: '/data/a', tensor: 'a', layout, logRank: false, logValue: false, bounds: 'trace', filter: 'q', open: ['sigma', 1] };
  expect(restoreViewState(saved)).toEqual({
    path: '/data/a',
    tensor: 'a',
    layout,
    logRank: false,
    logValue: false,
    bounds: 'trace',
    filter: 'q',
    open: ['sigma'],
  });
  const initial = { path: null, tensor: null, layout: null, logRank: true, logValue: true, bounds: null, filter: '', open: [] };
  expect(restoreViewState(undefined)).toEqual(initial);
  expect(
    restoreViewState({
      path: 1,
      tensor: 3,
      layout: { dtype: 'text', columns: 2 },
      logRank: 'x',
      logValue: 1,
      bounds: {},
      filter: null,
      open: {},
    }),
  ).toEqual(initial);
});
