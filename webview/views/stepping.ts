const PAGE = 10;

/** Where a key leads on an axis of `length` places, as in a slider; null for a key that leads nowhere. */
export function stepped(key: string, at: number, length: number, [back, forward]: readonly [string, string]): number | null {
  const to: Record<string, number> = {
    [back]: at - 1,
    [forward]: at + 1,
    PageUp: at - PAGE,
    PageDown: at + PAGE,
    Home: 0,
    End: length - 1,
  };
  const next = to[key];
  return next === undefined ? null : Math.min(length - 1, Math.max(0, next));
}
