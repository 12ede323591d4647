// Ctrl-C, SIGTERM, and npm going away: the first ends things in order, the second at once.

/** npm passes a terminal's Ctrl-C on, although it has reached this process already: the echo comes within this time. */
const ECHO_MS = 400
const PARENT_CHECK_MS = 500

/** Calls `stop` on the first signal; exits on a second one. */
export function onInterrupt(stop: () => void): void {
  let firstMs: number | undefined
  const handle = (signal: NodeJS.Signals): void => {
    if (firstMs === undefined) {
      firstMs = performance.now()
      stop()
    } else if (performance.now() - firstMs > ECHO_MS) {
      process.exit(signal === 'SIGINT' ? 130 : 143)
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, handle)
  if (process.env['npm_lifecycle_event'] !== undefined) watchParent(() => { if (firstMs === undefined) handle('SIGTERM') })
}

/** npm runs a script through a shell, which a SIGTERM ends without telling the script: then only the parent changes. */
function watchParent(onGone: () => void): void {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onGone()
  }, PARENT_CHECK_MS)
  timer.unref()
}
