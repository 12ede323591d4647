// Time as a port: real time in browsers and Node, virtual time in the simulator and in tests.

export interface Clock {
  /** Milliseconds since an arbitrary origin; never goes back. */
  now(): number
  /** Calls `run` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void
}
