/** Opens a URL in the browser of the system. Rejects where there is none, or it can't be started. */
export async function openBrowser(url: string): Promise<void> {
  const { default: open } = await import('open')
  const opener = await open(url)
  await new Promise<void>((resolve, reject) => {
    opener.once('error', reject)
    opener.once('exit', (code) => (code ? reject(new Error(`The opener of URLs ended with ${code}.`)) : resolve()))
  })
}
