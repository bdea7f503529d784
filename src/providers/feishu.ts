import { feishuPlatform } from './feishu-platform.js'

export const feishu = feishuPlatform({
  name: 'feishu',
  title: 'Feishu',
  docs: 'https://open.feishu.cn/document/common-capabilities/sso/api/obtain-oauth-code',
  accounts: 'https://accounts.feishu.cn',
  open: 'https://open.feishu.cn',
})
