export const TARGETS: Readonly<Record<string, { readonly native: string | null; readonly budget: number }>>;
export const here: string;
export function packageFor(target: string, file: string): Promise<number>;
