import { describe, expect, test } from 'vitest';
import { reportFromJson } from '../../src/analysis/report-json';
import { NEW_SESSION, receive, retry, type Session, select, selectedTensor } from '../../webview/session';
import { fixture, NPY, tensor } from './fixtures';

const report = reportFromJson(fixture('sampled'));
const file = { ...NPY, tensors: [tensor('a'), tensor('b')] };
type Message = Parameters<typeof receive>[1];
const having = (...messages: Message[]): Session => messages.reduce(receive, NEW_SESSION);
const opened: Message = { type: 'file', file, selected: 'a' };

describe('receive', () => {
  test('a file, progress, a first report, the last one', () => {
    const running = having(opened, { type: 'progress', tensor: 'a', fraction: 0.25, stage: 'Reading' });
    expect(running.run).toEqual({ kind: 'running', fraction: 0.25, stage: 'Reading' });
    const refined = receive(running, { type: 'report', tensor: 'a', report, final: false });
    expect(refined).toMatchObject({ report, run: { kind: 'running', fraction: 0.25 } });
    expect(receive(refined, { type: 'report', tensor: 'a', report, final: true }).run).toEqual({ kind: 'done' });
  });

  test('messages about a tensor that is no longer on screen change nothing', () => {
    const session = select(having(opened), 'b');
    expect(receive(session, { type: 'report', tensor: 'a', report, final: true })).toBe(session);
    expect(receive(session, { type: 'progress', tensor: 'a', fraction: 1, stage: '' })).toBe(session);
    expect(receive(session, { type: 'failure', tensor: 'a', message: 'No.', cancelled: false })).toBe(session);
  });

  test('a failure keeps what was read before it', () => {
    const session = having(
      opened,
      { type: 'report', tensor: 'a', report, final: false },
      { type: 'failure', tensor: 'a', message: '', cancelled: true },
    );
    expect(session).toMatchObject({ report, run: { kind: 'failed', cancelled: true } });
    expect(retry(session)).toMatchObject({ report, run: { kind: 'running' } });
  });

  test('a file that says nothing of itself can be described, and stays described', () => {
    const layout = { dtype: 'float32', columns: 2 } as const;
    const failed = having({ type: 'failure', tensor: null, message: 'Unknown.', cancelled: false, describable: true });
    expect(failed.run).toEqual({ kind: 'failed', message: 'Unknown.', cancelled: false, describable: true });
    expect(receive(failed, { ...opened, layout })).toMatchObject({ layout, run: { kind: 'running' } });
    expect(receive(receive(failed, { ...opened, layout }), opened).layout).toBeNull();
  });

  test('a file that changes keeps the old report of the same tensor until the next', () => {
    const session = having(opened, { type: 'report', tensor: 'a', report, final: true });
    expect(receive(session, opened)).toMatchObject({ report, run: { kind: 'running' } });
    expect(receive(session, { ...opened, selected: 'b' }).report).toBeNull();
  });

  test('the steps of a refinement are kept until it begins anew', () => {
    const at = (rows: number): Message => ({
      type: 'report',
      tensor: 'a',
      report: { ...report, sample: { ...report.sample, rows } },
      final: false,
    });
    const rows = (...messages: Message[]) => having(opened, ...messages).steps.map((step) => step.rows);
    expect(rows(at(1000), at(2000), at(4000))).toEqual([1000, 2000, 4000]);
    // The last report comes again when it is final.
    expect(rows(at(1000), at(2000), { ...at(2000), final: true } as Message)).toEqual([1000, 2000]);
    expect(rows(at(1000), at(2000), at(1000))).toEqual([1000]);
    expect(rows(at(1000), opened)).toEqual([]);
    expect(select(having(opened, at(1000)), 'b').steps).toEqual([]);
  });

  test('a file without a matrix has nothing to run', () => {
    expect(having({ type: 'file', file, selected: null })).toMatchObject({ tensor: null, run: { kind: 'done' } });
  });
});

test('the tensor on screen', () => {
  expect(selectedTensor(NEW_SESSION)).toBeNull();
  expect(selectedTensor(having(opened))!.name).toBe('a');
});
