import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { panelDocument } from '../../webview/document';

/** Fills a webview with one of the panels in dist/, from where alone it may load, under a policy with a fresh nonce. */
export function servePanel(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  bundle: 'panel' | 'run-panel' | 'compare-panel',
  title: string,
): void {
  const dist = vscode.Uri.joinPath(extensionUri, 'dist');
  const address = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(dist, name)).toString();
  webview.options = { enableScripts: true, localResourceRoots: [dist] };
  webview.html = panelDocument({
    title,
    nonce: randomBytes(16).toString('base64'),
    cspSource: webview.cspSource,
    scriptUri: address(`${bundle}.js`),
    styleUri: address(`${bundle}-style.css`),
  });
}
