import { createHmac } from 'node:crypto';

/** The demo shop's session secret: shared by the shop, which checks tokens, and the traffic, which carries them. */
export const SHOP_TOKEN_KEY = 'the demo shop guards nothing';

/** The token a signed-in user's browser would hold. */
export function shopToken(userId: string): string {
  return createHmac('sha256', SHOP_TOKEN_KEY).update(userId).digest('base64url');
}
