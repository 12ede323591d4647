// Ctrl-C and SIGTERM: the first one ends things in order, the second one at once.

/** npm passes a terminal's Ctrl-C on, although it has reached this process already: the echo comes within this time. */
const ECHO_MS = 400

/** Calls `stop` on the first signal. Resolves never; the returned function removes the handlers. */
export function onInterrupt(stop: (signal: NodeJS.Signals) => void): () => void {
  let firstMs: number | undefined
  const handle = (signal: NodeJS.Signals): void => {
    if (firstMs === undefined) {
      firstMs = performance.now()
      stop(signal)
    } else if (performance.now() - firstMs > ECHO_MS) {
      process.exit(signal === 'SIGINT' ? 130 : 143)
    }
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, handle)
  return () => { for (const signal of signals) process.off(signal, handle) }
}
