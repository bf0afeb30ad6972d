// The only file that knows the component library: another one is a change here.
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeCheckbox, vsCodeTextField } from '@vscode/webview-ui-toolkit';

provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeCheckbox(), vsCodeTextField());

export function button(label: string, appearance: 'primary' | 'secondary', onPress: () => void): HTMLElement {
  const node = document.createElement('vscode-button');
  node.setAttribute('appearance', appearance);
  node.textContent = label;
  node.addEventListener('click', onPress);
  return node;
}

export function checkbox(label: string, checked: boolean, onChange: (checked: boolean) => void): HTMLElement {
  const node = document.createElement('vscode-checkbox') as HTMLElement & { checked: boolean };
  node.textContent = label;
  node.checked = checked;
  node.addEventListener('change', () => onChange(node.checked));
  return node;
}

export function textField(label: string, value: string, onInput: (value: string) => void): HTMLElement {
  const node = document.createElement('vscode-text-field') as HTMLElement & { value: string };
  node.textContent = label;
  node.value = value;
  node.addEventListener('input', () => onInput(node.value));
  return node;
}
