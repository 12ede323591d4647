// Who this tab is: a random id that lives as long as the tab. A duplicated tab copies sessionStorage, so the id is
// guarded with a Web Lock: whoever finds it taken chooses another. Holding a lock also keeps browsers from freezing
// a busy tab in the background.

const KEY = 'commonweight-volunteer'
/** A tab that is reloaded may have to wait until its former self has let go. */
const ATTEMPTS = 4
const PAUSE_MS = 120

export interface Identity {
  readonly volunteerId: string
  /** Lets the lock go. */
  release(): void
}

export async function claimIdentity(): Promise<Identity> {
  const kept = read()
  for (let attempt = 0; kept !== undefined && attempt < ATTEMPTS; attempt++) {
    const release = await hold(kept)
    if (release !== undefined) return { volunteerId: kept, release }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
  const volunteerId = crypto.randomUUID()
  const release = await hold(volunteerId) ?? (() => {})
  write(volunteerId)
  return { volunteerId, release }
}

/** Undefined where another tab holds it. */
function hold(volunteerId: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    void navigator.locks.request(`${KEY}/${volunteerId}`, { ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(undefined)
      return new Promise<void>((release) => resolve(release))
    })
  })
}

function read(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined
  } catch {
    return undefined // Storage is forbidden: every load is a new volunteer.
  }
}

function write(volunteerId: string): void {
  try {
    sessionStorage.setItem(KEY, volunteerId)
  } catch {
    return
  }
}
