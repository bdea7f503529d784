import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const repository = fileURLToPath(new URL('../..', import.meta.url))

const parsed = new Map<string, ts.SourceFile | undefined>()

/** Problems of TypeScript files that do not exist, as if they stood in the root of this repository. */
export function problemsIn(files: Record<string, string>, paths: Record<string, string[]> = {}): string[] {
  const { config } = ts.readConfigFile(join(repository, 'tsconfig.json'), ts.sys.readFile) as {
    config: { compilerOptions: { paths: Record<string, string[]> } }
  }
  const { compilerOptions } = config
  const { options } = ts.parseJsonConfigFileContent(
    {
      // Stricter than this repository: a template must not be the first thing that a strict project complains about.
      compilerOptions: {
        ...compilerOptions,
        noPropertyAccessFromIndexSignature: true,
        paths: { ...compilerOptions.paths, ...paths },
      },
      files: [],
    },
    ts.sys,
    repository,
  )
  const sources = new Map(Object.entries(files).map(([name, text]) => [join(repository, name), text]))
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile: read } = host
  host.fileExists = (file) => sources.has(file) || fileExists(file)
  host.readFile = (file) => sources.get(file) ?? read(file)
  host.getSourceFile = (file, version) => {
    const text = sources.get(file)
    if (text !== undefined) return ts.createSourceFile(file, text, version)
    // The standard library is the same for every program; reading it once is half of the time.
    if (!parsed.has(file)) parsed.set(file, getSourceFile(file, version))
    return parsed.get(file)
  }
  const program = ts.createProgram([...sources.keys()], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0
    return `${file?.fileName.slice(repository.length)}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}
