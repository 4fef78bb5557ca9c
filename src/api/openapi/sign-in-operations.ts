import { me, signedOut } from '../wire/answers/sign-in.ts';
import { json, type Operations } from './operation.ts';

/** What people do with a key in a browser. */
export const signInOperations: Operations = {
  sign_in: {
    route: 'POST /pawl/v1/sign_in',
    tag: 'Signing in',
    summary: 'Gives a browser a cookie for an API key.',
    description:
      'The cookie `pawl_sign_in`, over TLS `__Host-pawl_sign_in`, counts for 12 hours and no longer than the key. Only pages of this server may use it: what changes something needs an `Origin` header that names the same host.',
    open: true,
    answer: json(me),
    errors: [],
  },
  sign_out: {
    route: 'POST /pawl/v1/sign_out',
    tag: 'Signing in',
    summary: 'Ends what the cookie stands for, and takes it away.',
    open: true,
    answer: json(signedOut),
    errors: [],
  },
  retrieve_me: {
    route: 'GET /pawl/v1/me',
    tag: 'Signing in',
    summary: 'Says who makes the request, and until when they are let in.',
    answer: json(me),
    errors: [],
  },
};
