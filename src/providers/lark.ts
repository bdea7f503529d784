import { feishuPlatform } from './feishu-platform.js'

export const lark = feishuPlatform({
  name: 'lark',
  title: 'Lark',
  docs: 'https://open.larksuite.com/document/common-capabilities/sso/api/obtain-oauth-code',
  accounts: 'https://accounts.larksuite.com',
  open: 'https://open.larksuite.com',
})
