import type { SpectralReport } from '../src/analysis/report';
import { reportFromJson } from '../src/analysis/report-json';
import type { FileSummary } from '../src/engine/protocol';
import { type Connection, editorConnection, inEditor } from './connection';
import { STANDALONE_DATA_ID } from './document';
import { element } from './dom';
import type { ExportFile } from './export/files';
import { type HostMessage, type PanelMessage, parseHostMessage } from './protocol';

/** The other side of the panel: the editor, or the document itself when it was saved as a file. */
export type Host = Connection<HostMessage, PanelMessage>;

export function connect(): Host {
  return inEditor() ? editorConnection(parseHostMessage) : savedHost();
}

/** Answers the panel from the reports that the document carries. */
function savedHost(): Host {
  const data = JSON.parse(document.getElementById(STANDALONE_DATA_ID)!.textContent!) as { file: FileSummary; reports: unknown[] };
  const reports = new Map(data.reports.map(reportFromJson).map((report) => [report.source.tensor ?? '', report]));
  const file: FileSummary = {
    ...data.file,
    tensors: data.file.tensors.map((tensor) =>
      tensor.matrix === null || reports.has(tensor.name) ? tensor : { ...tensor, matrix: null, note: 'Not part of this report.' },
    ),
  };
  let receive: (message: HostMessage) => void = () => {};
  const send = (tensor: string, report: SpectralReport) => receive({ type: 'report', tensor, report, final: true });
  followColourScheme();
  return {
    listen: (listener) => {
      receive = listener;
    },
    post: (message) => {
      if (message.type === 'ready') {
        const first = reports.keys().next().value ?? null;
        receive({ type: 'file', file, selected: first });
        if (first !== null) send(first, reports.get(first)!);
      } else if (message.type === 'select') {
        send(message.tensor, reports.get(message.tensor)!);
      } else if (message.type === 'copy') {
        void navigator.clipboard.writeText(message.text);
      } else if (message.type === 'save') {
        download(message.file);
      }
    },
    restore: () => undefined,
    save: () => {},
  };
}

function download({ name, encoding, content }: ExportFile): void {
  const bytes = encoding === 'base64' ? Uint8Array.from(atob(content), (character) => character.charCodeAt(0)) : content;
  const address = URL.createObjectURL(new Blob([bytes]));
  element('a', { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}

/** Says on the body which scheme holds, as the editor does: that is the sign on which colours are read again. */
function followColourScheme(): void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    document.body.classList.toggle('vscode-dark', dark.matches);
    document.body.classList.toggle('vscode-light', !dark.matches);
  };
  dark.addEventListener('change', apply);
  apply();
}
