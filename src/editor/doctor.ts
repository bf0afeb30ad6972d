import * as vscode from 'vscode';
import type { EngineClient } from '../engine/client';
import type { DoctorReport } from '../engine/protocol';
import { formatFiles, librarySentence } from '../words/formats';
import { COMMANDS } from './contributions';

const SCHEME = 'sigma-doctor';
const RESULT = vscode.Uri.from({ scheme: SCHEME, path: '/Sigma backends and formats.md' });

/** Sigma: Check Backends and Formats tests every backend, loads the library of every format, and opens what it found as a read-only document. */
export function registerDoctor(engine: Pick<EngineClient, 'doctor'>): vscode.Disposable {
  const refreshed = new vscode.EventEmitter<vscode.Uri>();
  let found = '';
  return vscode.Disposable.from(
    refreshed,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, { onDidChange: refreshed.event, provideTextDocumentContent: () => found }),
    vscode.commands.registerCommand(COMMANDS.doctor, async () => {
      const progress = { location: vscode.ProgressLocation.Window, title: vscode.l10n.t('Sigma: checking backends and formats') };
      found = doctorText(await vscode.window.withProgress(progress, () => engine.doctor()));
      refreshed.fire(RESULT);
      await vscode.window.showTextDocument(RESULT, { preview: true });
    }),
  );
}

/** Markdown that reads well as plain text. */
export function doctorText(report: DoctorReport): string {
  const backends = report.backends.map(({ name, usable, description, detail }) => {
    const facts = description
      ? [
          `Device: ${description.device}`,
          `Precision: ${description.precision}`,
          `Self-test error: ${description.selfTestError.toExponential(1)}`,
        ]
      : [];
    return [
      `## ${name}: ${usable ? 'ready' : 'not usable'}`,
      '',
      ...[...facts, ...(detail ? [detail] : [])].map((fact) => `- ${fact}`),
      '',
    ].join('\n');
  });
  const formats = report.formats.map((format) =>
    [`- **${format.label}** (${formatFiles(format)}): ${format.limits}`, librarySentence(format)].filter(Boolean).join(' '),
  );
  const heading = `# Sigma ${report.version} on ${report.platform}, Node ${report.node}`;
  return [heading, '', ...backends, '## Formats that can be read', '', ...formats, ''].join('\n');
}
