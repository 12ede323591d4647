// A coordinator that is killed with -9 and started again, on the same port and state.
import { setTimeout as delay } from 'node:timers/promises'
import { startCoordinator, type Coordinator, type CoordinatorOptions } from '../harness.ts'

export interface Killable {
  readonly url: string
  readonly port: number
  /** Resolves when it listens again. */
  kill(downMs: number): Promise<void>
  /** Its exit code after a signal to end in order. */
  end(): Promise<number | string>
  /** After `end`. */
  restart(): Promise<void>
}

export async function startKillable(options: Omit<CoordinatorOptions, 'port'>): Promise<Killable> {
  let coordinator: Coordinator = await startCoordinator(options)
  const { url, port } = coordinator
  const restart = async (): Promise<void> => { coordinator = await startCoordinator({ ...options, port }) }
  return {
    url, port, restart,
    async kill(downMs) {
      coordinator.child.kill('SIGKILL')
      await coordinator.ended
      await delay(downMs)
      await restart()
    },
    end() {
      coordinator.child.kill('SIGTERM')
      return coordinator.ended
    },
  }
}
