import * as vscode from 'vscode';
import { version } from '../../package.json';
import { MCP_SERVERS } from './contributions';

/** Offers `sigma mcp` for the workspace's folders, where the editor knows such servers; none in Restricted Mode. */
export function registerMcpServers(extensionUri: vscode.Uri): vscode.Disposable {
  // Editors that are made from this one may lack it.
  if (typeof vscode.lm?.registerMcpServerDefinitionProvider !== 'function') return new vscode.Disposable(() => {});
  const changed = new vscode.EventEmitter<void>();
  const program = vscode.Uri.joinPath(extensionUri, 'dist', 'sigma.js').fsPath;
  return vscode.Disposable.from(
    changed,
    vscode.workspace.onDidGrantWorkspaceTrust(() => changed.fire()),
    vscode.workspace.onDidChangeWorkspaceFolders(() => changed.fire()),
    vscode.lm.registerMcpServerDefinitionProvider(MCP_SERVERS, {
      onDidChangeMcpServerDefinitions: changed.event,
      provideMcpServerDefinitions: () => servers(program),
    }),
  );
}

function servers(program: string): vscode.McpStdioServerDefinition[] {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  if (!vscode.workspace.isTrusted || folders.length === 0) return [];
  const roots = folders.flatMap(({ uri }) => ['--root', uri.fsPath]);
  // On desktops the host's executable is Electron, which must be told to be Node.
  const env: Record<string, string> = process.versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' };
  const server = new vscode.McpStdioServerDefinition(
    vscode.l10n.t('Sigma: model health'),
    process.execPath,
    [program, 'mcp', ...roots],
    env,
    version,
  );
  server.cwd = folders[0]!.uri;
  return [server];
}
