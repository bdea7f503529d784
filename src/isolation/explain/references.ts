/** A reference of a check with its name and where to read it. */
export interface Reference {
  readonly label: string
  readonly url: string
}

const API = 'https://owasp.org/API-Security/editions/2023/en'
const WSTG = 'https://owasp.org/www-project-web-security-testing-guide/latest/4-Web_Application_Security_Testing'

/** The OWASP API Security Top 10 of 2023, and the chapters of OWASP's testing guide. */
const OWASP: Readonly<Record<string, Reference>> = {
  API1: api(1, 'Broken Object Level Authorization', '0xa1-broken-object-level-authorization'),
  API2: api(2, 'Broken Authentication', '0xa2-broken-authentication'),
  API3: api(3, 'Broken Object Property Level Authorization', '0xa3-broken-object-property-level-authorization'),
  API4: api(4, 'Unrestricted Resource Consumption', '0xa4-unrestricted-resource-consumption'),
  API5: api(5, 'Broken Function Level Authorization', '0xa5-broken-function-level-authorization'),
  API6: api(
    6,
    'Unrestricted Access to Sensitive Business Flows',
    '0xa6-unrestricted-access-to-sensitive-business-flows',
  ),
  API7: api(7, 'Server Side Request Forgery', '0xa7-server-side-request-forgery'),
  API8: api(8, 'Security Misconfiguration', '0xa8-security-misconfiguration'),
  API9: api(9, 'Improper Inventory Management', '0xa9-improper-inventory-management'),
  API10: api(10, 'Unsafe Consumption of APIs', '0xaa-unsafe-consumption-of-apis'),
  'ATHZ-02': wstg('ATHZ-02', '05-Authorization_Testing/02-Testing_for_Bypassing_Authorization_Schema'),
  'ATHZ-03': wstg('ATHZ-03', '05-Authorization_Testing/03-Testing_for_Privilege_Escalation'),
  'ATHZ-04': wstg('ATHZ-04', '05-Authorization_Testing/04-Testing_for_Insecure_Direct_Object_References'),
  'APIT-02': wstg('APIT-02', '12-API_Testing/02-API_Broken_Object_Level_Authorization'),
  'CLNT-07': wstg('CLNT-07', '11-Client-side_Testing/07-Testing_Cross_Origin_Resource_Sharing'),
  'CONF-06': wstg('CONF-06', '02-Configuration_and_Deployment_Management_Testing/06-Test_HTTP_Methods'),
  'ERRH-01': wstg('ERRH-01', '08-Testing_for_Error_Handling/01-Testing_For_Improper_Error_Handling'),
  'IDNT-04': wstg(
    'IDNT-04',
    '03-Identity_Management_Testing/04-Testing_for_Account_Enumeration_and_Guessable_User_Account',
  ),
  'INPV-03': wstg('INPV-03', '07-Input_Validation_Testing/03-Testing_for_HTTP_Verb_Tampering'),
  'INPV-04': wstg('INPV-04', '07-Input_Validation_Testing/04-Testing_for_HTTP_Parameter_Pollution'),
  'SESS-06': wstg('SESS-06', '06-Session_Management_Testing/06-Testing_for_Logout_Functionality'),
  'SESS-10': wstg('SESS-10', '06-Session_Management_Testing/10-Testing_JSON_Web_Tokens'),
}

/** Names of weaknesses, for those that a name tells something. */
const CWE: Readonly<Record<string, string>> = {
  20: 'Improper Input Validation',
  22: 'Path Traversal',
  89: 'SQL Injection',
  200: 'Exposure of Sensitive Information to an Unauthorized Actor',
  203: 'Observable Discrepancy',
  204: 'Observable Response Discrepancy',
  208: 'Observable Timing Discrepancy',
  209: 'Generation of Error Message Containing Sensitive Information',
  226: 'Sensitive Information in Resource Not Removed Before Reuse',
  269: 'Improper Privilege Management',
  284: 'Improper Access Control',
  285: 'Improper Authorization',
  287: 'Improper Authentication',
  290: 'Authentication Bypass by Spoofing',
  306: 'Missing Authentication for Critical Function',
  345: 'Insufficient Verification of Data Authenticity',
  347: 'Improper Verification of Cryptographic Signature',
  352: 'Cross-Site Request Forgery',
  362: 'Race Condition',
  384: 'Session Fixation',
  425: 'Direct Request (Forced Browsing)',
  436: 'Interpretation Conflict',
  441: 'Unintended Proxy or Intermediary (Confused Deputy)',
  472: 'External Control of Assumed-Immutable Web Parameter',
  488: 'Exposure of Data Element to Wrong Session',
  522: 'Insufficiently Protected Credentials',
  524: 'Use of Cache Containing Sensitive Information',
  551: 'Incorrect Behavior Order: Authorization Before Parsing and Canonicalization',
  598: 'Use of GET Request Method With Sensitive Query Strings',
  613: 'Insufficient Session Expiration',
  639: 'Authorization Bypass Through User-Controlled Key',
  650: 'Trusting HTTP Permission Methods on the Server Side',
  672: 'Operation on a Resource after Expiration or Release',
  697: 'Incorrect Comparison',
  807: 'Reliance on Untrusted Inputs in a Security Decision',
  862: 'Missing Authorization',
  863: 'Incorrect Authorization',
  915: 'Improperly Controlled Modification of Dynamically-Determined Object Attributes',
  918: 'Server-Side Request Forgery',
  942: 'Permissive Cross-domain Policy with Untrusted Domains',
  943: 'Improper Neutralization of Special Elements in Data Query Logic',
  1321: 'Prototype Pollution',
  1385: 'Missing Origin Validation in WebSockets',
}

/** Throws for a reference that no list knows: a check that names one has a typing error. */
export function referenceOf(ref: string): Reference {
  if (/^\d+$/.test(ref)) {
    const name = CWE[ref]
    return {
      label: `CWE-${ref}${name === undefined ? '' : ` ${name}`}`,
      url: `https://cwe.mitre.org/data/definitions/${ref}.html`,
    }
  }
  const known = OWASP[ref]
  if (!known) throw new Error(`No reference is known as "${ref}".`)
  return known
}

/** The references of a check by the list they come from. */
export function referencesByList(refs: readonly string[]): { owasp: string[]; cwe: string[]; wstg: string[] } {
  const cwe = refs.filter((ref) => /^\d+$/.test(ref))
  const owasp = refs.filter((ref) => /^API\d+$/.test(ref))
  return {
    owasp: owasp.map((ref) => `${ref}:2023`),
    cwe: cwe.map((ref) => `CWE-${ref}`),
    wstg: refs.filter((ref) => !cwe.includes(ref) && !owasp.includes(ref)).map((ref) => `WSTG-${ref}`),
  }
}

function api(number: number, name: string, page: string): Reference {
  return { label: `OWASP API${number}:2023 ${name}`, url: `${API}/${page}/` }
}

function wstg(id: string, page: string): Reference {
  const name = (page.split('/')[1] ?? '').replace(/^\d+-/, '').replaceAll('_', ' ')
  return { label: `OWASP WSTG-${id} ${name}`, url: `${WSTG}/${page}` }
}
