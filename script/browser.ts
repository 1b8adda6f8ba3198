// Controls Chromium over its DevTools protocol, for script/render-summary.ts.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type Browser = {
  /** Opens a file and returns the awaited value of `expression`, a promise. */
  open: (file: string, expression: string) => Promise<unknown>
  /** Evaluates an expression in the open page. */
  ask: (expression: string) => Promise<unknown>
  /** Returns a picture of the open page as PNG. */
  picture: (width: number, height: number) => Promise<Buffer>
  close: () => void
}

type Answer = { id?: number; result?: Record<string, unknown>; error?: { message: string } }

/** @param profile folder of its files @param width of its window in pixels */
export async function openBrowser(profile: string, width: number): Promise<Browser> {
  // No sandbox: it needs more rights than a container has, and only our own files are opened.
  const args = ['--headless', '--no-sandbox', '--hide-scrollbars', '--remote-debugging-port=0']
  const child = spawn('chromium', [...args, `--user-data-dir=${profile}`, `--window-size=${width},900`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const socket = new WebSocket(await addressIn(child.stderr))
  await new Promise((resolve, reject) => {
    socket.onopen = resolve
    socket.onerror = reject
  })
  const { send, waitFor } = protocolOn(socket)
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
  const inPage = (method: string, params: object = {}) => send(method, params, String(sessionId))
  await inPage('Page.enable')
  const ask = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await inPage('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
    return (result as { value?: unknown }).value
  }
  return {
    open: async (file, expression) => {
      const loaded = waitFor('Page.loadEventFired')
      await inPage('Page.navigate', { url: `file://${file}` })
      await loaded
      return ask(expression)
    },
    ask,
    picture: async (width, height) => {
      const clip = { x: 0, y: 0, width, height, scale: 1 }
      const { data } = await inPage('Page.captureScreenshot', { clip, captureBeyondViewport: true })
      return Buffer.from(String(data), 'base64')
    },
    close: () => {
      socket.close()
      child.kill()
    },
  }
}

/** Reads the address on which Chromium listens from its standard error. */
async function addressIn(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stderr })) {
    const address = /DevTools listening on (ws:\S+)/.exec(line)?.[1]
    if (address !== undefined) return address
  }
  throw new Error('chromium did not start.')
}

/** Commands have numbers, responses the number of their command, and events none. */
function protocolOn(socket: WebSocket) {
  const open = new Map<number, (answer: Answer) => void>()
  const awaited = new Map<string, () => void>()
  let last = 0
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(String(data)) as Answer & { method?: string }
    if (message.id !== undefined) open.get(message.id)?.(message)
    else awaited.get(message.method ?? '')?.()
  }
  const send = (method: string, params: object, sessionId?: string) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      last += 1
      open.set(last, ({ result, error }) => {
        if (error) reject(new Error(`${method}: ${error.message}`))
        else resolve(result ?? {})
      })
      socket.send(JSON.stringify({ id: last, method, params, sessionId }))
    })
  const waitFor = (event: string) => new Promise<void>((resolve) => awaited.set(event, resolve))
  return { send, waitFor }
}
