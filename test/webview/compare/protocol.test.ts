import { describe, expect, it } from 'vitest';
import { toJson } from '../../../src/analysis/report-json';
import { parseCompareHostMessage, parseComparePanelMessage, restoreCompareViewState } from '../../../webview/compare/protocol';
import { messages, SIDES } from './messages';

const wire = (value: object) => JSON.parse(JSON.stringify(toJson(value)));

describe('messages of a comparison', () => {
  it('arrive as they were sent, through JSON too', () => {
    for (const message of messages()) expect(parseCompareHostMessage(wire(message))).toEqual(message);
    const [, , compared] = messages();
    if (compared?.type !== 'comparison') throw new Error('no comparison');
    const infinite = {
      ...compared,
      comparison: { ...compared.comparison, distances: { ...compared.comparison.distances, stein: Infinity } },
    };
    expect(parseCompareHostMessage(wire(infinite))).toEqual(infinite);
  });

  it.each([
    [{ type: 'sides', sides: [SIDES[0]], matrices: [], matrix: null }],
    [{ type: 'sides', sides: Array(9).fill(SIDES[0]), matrices: [], matrix: null }],
    [{ type: 'comparison', side: 1, comparison: { schema: 'sigma.report/1' } }],
    [{ type: 'report', side: -1, report: null }],
    ['text'],
  ])('that no host sends are dropped: %j', (message) => expect(parseCompareHostMessage(message)).toBeNull());

  it.each([
    [{ type: 'baseline', side: 1.5 }],
    [{ type: 'matrix', matrix: 'wte' }],
    [{ type: 'save', file: { name: '../x.json', encoding: 'utf8', content: '' } }],
    [{ type: 'run', command: 'rm' }],
  ])('that no panel sends are dropped: %j', (message) => expect(parseComparePanelMessage(message)).toBeNull());

  it('of the panel arrive', () => {
    for (const message of [{ type: 'ready' }, { type: 'baseline', side: 2 }, { type: 'cancel' }, { type: 'copy', text: 'x' }])
      expect(parseComparePanelMessage(message)).toEqual(message);
  });
});

describe('what was saved', () => {
  it('comes back', () => {
    const state = { sides: SIDES, matrix: 'wte', hidden: ['/a'], logRank: false, open: ['spectra-table'] };
    expect(restoreCompareViewState(state)).toEqual(state);
  });

  it.each([[undefined], ['text'], [{ sides: [{ path: '', name: 'x' }], matrix: 7, hidden: 'x', logRank: 1, open: null }]])(
    'is replaced where it is something else: %j',
    (saved) => expect(restoreCompareViewState(saved)).toEqual({ sides: null, matrix: null, hidden: [], logRank: true, open: [] }),
  );
});
