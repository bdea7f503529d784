import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open } from '../support/server.js'
import { calls } from './calls.js'
import { clientsOf } from './clients.js'
import { brief, compare, type Finding, matches } from './compare.js'
import { type Difference, differences } from './differences.js'
import { type Outcome, outcomesOf } from './outcomes.js'
import { type Peer, startPeer } from './peer.js'
import { auth } from './project/auth.js'
import { projectGraphs } from './project-graphs.js'

const compared = calls.filter(({ here }) => !here)
const wanted = Boolean(process.env['CI'] || process.env['AUTHKIT_PEER'])
const about = wanted ? '' : ' (skipped: it installs the peer from npm and takes a minute; AUTHKIT_PEER=1 runs it)'

describe.skipIf(!wanted)(`every row, here and on LangGraph's own server${about}`, () => {
  let peer: Peer
  let ours: Map<string, Outcome>
  let peers: Map<string, Outcome>
  const seen = new Set<Difference>()

  beforeAll(async () => {
    peer = await startPeer()
    const server = await open({ graphs: projectGraphs, auth: auth as never })
    const ids = Object.keys(projectGraphs)
    // One after the other: neither makes the other slow.
    ours = await outcomesOf(compared, clientsOf('1.15.0', server.url), ids)
    await server.close()
    peers = await outcomesOf(compared, clientsOf('1.15.0', peer.url), ids)
  }, 600_000)
  afterAll(() => peer?.stop())

  it.for(compared.map(({ name }) => name))('%s', (name) => {
    expect(
      findings(name)
        .filter((finding) => !isListed(name, finding))
        .map(shown),
    ).toEqual([])
  })

  it('lists no difference that is not there', () => {
    expect(differences.filter((difference) => !seen.has(difference))).toEqual([])
  })

  it('was played on the version that the documentation names', () => {
    expect(peer.versions).toMatchObject({ 'langgraph-cli': '1.5.1' })
  })

  function findings(name: string): Finding[] {
    const [here, there] = [ours.get(name), peers.get(name)]
    if (!here || !there) throw new Error(`"${name}" was not played.`)
    return [...compare(here.answer, there.answer, 'answer'), ...compare(here.exchanges, there.exchanges, 'exchanges')]
  }

  function isListed(name: string, finding: Finding): boolean {
    const entries = differences.filter(
      ({ call, path, ours, peers }) =>
        matches(call, name) &&
        matches(path, finding.path) &&
        matches(ours, brief(finding.ours)) &&
        matches(peers, brief(finding.peers)),
    )
    for (const entry of entries) seen.add(entry)
    return entries.length > 0
  }
})

function shown({ path, ours, peers }: Finding) {
  return { path, ours: brief(ours), peers: brief(peers) }
}
