import { describe, expect, it } from 'vitest';
import { NEW_COMPARISON, receive, retry } from '../../../webview/compare/session';
import { messages } from './messages';

const [sides, baseline, first] = messages();

describe('what the panel knows of a comparison', () => {
  it('grows message by message', () => {
    const named = receive(NEW_COMPARISON, sides!);
    expect(named.sides.map(({ letter, report }) => [letter, report])).toEqual(['A', 'B', 'C', 'D'].map((letter) => [letter, null]));
    const reported = receive(named, baseline!);
    expect(reported.sides[0]!.report).not.toBeNull();
    const compared = receive(reported, first!);
    expect(compared.sides[1]!.report).toBe(compared.sides[1]!.comparison!.b);
    // Rows are taken in one way on both sides, which the baseline alone may not have been.
    expect(compared.sides[0]!.report).toBe(compared.sides[1]!.comparison!.a);
    const troubled = receive(compared, { type: 'trouble', side: 2, message: 'No.' });
    expect(troubled.sides[2]).toMatchObject({ trouble: 'No.', report: null });
    expect(receive(troubled, { type: 'progress', fraction: 0.5, stage: 's' }).run).toEqual({ kind: 'running', fraction: 0.5, stage: 's' });
    expect(receive(troubled, { type: 'done' }).run).toEqual({ kind: 'done' });
  });

  it('begins anew with other sides, and says so when it is tried again', () => {
    const compared = messages().reduce(receive, NEW_COMPARISON);
    expect(receive(compared, sides!).sides.every(({ report, comparison }) => report === null && comparison === null)).toBe(true);
    const failed = receive(compared, { type: 'failure', message: 'Cancelled.', cancelled: true });
    expect(failed.run).toEqual({ kind: 'failed', message: 'Cancelled.', cancelled: true });
    expect(retry(failed).run.kind).toBe('running');
    expect(retry(failed).sides).toBe(failed.sides);
  });
});
