import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Level, SpectralReport } from '../../src/analysis/report';
import { DiagnosticSeverity, state, Uri } from './fake-vscode';

vi.mock('vscode', () => import('./fake-vscode'));
const { Problems } = await import('../../src/editor/problems');

const FILE = Uri.file('/runs/model.pt') as never;

function verdict(level: Level, code: string, message: string): SpectralReport {
  return {
    verdict: {
      level,
      reasons: [
        { code, message },
        { code: 'less', message: 'Less bad.' },
      ],
    },
  } as unknown as SpectralReport;
}

const BROKEN = verdict('broken', 'nan', '3 entries are NaN.');
const COLLAPSED = verdict('collapsed', 'one-direction', 'One direction carries 98 % of the variance.');
const HEALTHY = verdict('healthy', 'fine', 'Nothing to report.');

const shown = () =>
  (state.diagnostics.get('file:///runs/model.pt') ?? []).map(({ severity, code, message }) => ({ severity, code: code?.value, message }));

let problems: InstanceType<typeof Problems>;
beforeEach(() => {
  state.diagnostics.clear();
  problems = new Problems();
});

describe('problems', () => {
  it('give the worst reason, with the name of the tensor', () => {
    problems.report(FILE, 'wte', BROKEN);
    problems.report(FILE, 'head', COLLAPSED);
    expect(shown()).toEqual([
      { severity: DiagnosticSeverity.Error, code: 'nan', message: 'wte: 3 entries are NaN.' },
      { severity: DiagnosticSeverity.Warning, code: 'one-direction', message: 'head: One direction carries 98 % of the variance.' },
    ]);
    expect(state.diagnostics.get('file:///runs/model.pt')!.every(({ source }) => source === 'Sigma')).toBe(true);
  });

  it('open the panel through their code', () => {
    problems.report(FILE, 'wte', BROKEN);
    const { target } = state.diagnostics.get('file:///runs/model.pt')![0]!.code!;
    expect(String(target)).toBe(`command://sigma.analyze?${encodeURIComponent('["file:///runs/model.pt"]')}`);
  });

  it('give no name when the file holds one unnamed array', () => {
    problems.report(FILE, '', BROKEN);
    expect(shown().map(({ message }) => message)).toEqual(['3 entries are NaN.']);
  });

  it('warn of a collapse under way', () => {
    problems.report(FILE, '', verdict('collapsing', 'lost', 'Directions are lost.'));
    expect(shown().map(({ severity }) => severity)).toEqual([DiagnosticSeverity.Warning]);
  });

  it.each(['healthy', 'watch', 'unknown'] as const)('are none for a verdict of %s', (level) => {
    problems.report(FILE, 'wte', verdict(level, 'x', 'X.'));
    expect(shown()).toEqual([]);
  });

  it('go when the same tensor is found well, and stay for the others', () => {
    problems.report(FILE, 'wte', BROKEN);
    problems.report(FILE, 'head', COLLAPSED);
    problems.report(FILE, 'wte', HEALTHY);
    expect(shown().map(({ code }) => code)).toEqual(['one-direction']);
  });

  it('are replaced, not gathered, when a tensor is analysed again', () => {
    problems.report(FILE, 'wte', BROKEN);
    problems.report(FILE, 'wte', COLLAPSED);
    expect(shown().map(({ code }) => code)).toEqual(['one-direction']);
  });

  it('name a file that cannot be opened until it can be', () => {
    problems.unreadable(FILE, null, '/runs/model.pt at byte 8: the file ends early.');
    expect(shown()).toEqual([
      { severity: DiagnosticSeverity.Error, code: 'unreadable', message: '/runs/model.pt at byte 8: the file ends early.' },
    ]);
    problems.retract(FILE, null);
    expect(shown()).toEqual([]);
  });

  it('all go when the file changes', () => {
    problems.report(FILE, 'wte', BROKEN);
    problems.clear(FILE);
    expect(shown()).toEqual([]);
    problems.report(FILE, 'head', COLLAPSED);
    expect(shown().map(({ code }) => code)).toEqual(['one-direction']);
  });
});
