const AFTER_MS = 1000
const EVERY_MS = 200

export interface Progress {
  /** Takes the line away, before something else is printed. */
  clear(): void
  end(): void
}

/** One line on the terminal's stderr while something takes longer than a second; nothing anywhere else. */
export function showProgress(text: () => string, { silent }: { silent: boolean }): Progress {
  const shows = process.stderr.isTTY === true && !silent
  const startedAt = Date.now()
  const clear = () => {
    if (shows) process.stderr.write('\r\u001b[K')
  }
  const draw = () => {
    if (Date.now() - startedAt > AFTER_MS) process.stderr.write(`\r\u001b[K  ${text()}`)
  }
  const timer = shows ? setInterval(draw, EVERY_MS) : undefined
  return {
    clear,
    end() {
      clearInterval(timer)
      clear()
    },
  }
}
