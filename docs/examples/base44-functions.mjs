// The call form of the Training API's document with the public client: base44.functions.startTrainingJob({...}).
// `@base44/sdk` itself calls a function by functions.invoke(name, data) and resolves to the HTTP response; this wrapper gives every
// function a method of its name that resolves to the body { success, data, trace_id }, and rejects as the client does, with the body of
// the error at error.response.data.
//
//   import { createClient } from '@base44/sdk';
//   import { withFunctions } from './base44-functions.mjs';
//   const base44 = withFunctions(createClient({ serverUrl: 'http://127.0.0.1:8080', appId: 'hone', token }));
//   const result = await base44.functions.startTrainingJob({ agent_id, training_data: { examples } });
//   console.log(result.data.job_id);

export function withFunctions(client) {
  const functions = new Proxy(client.functions, {
    get(target, name, receiver) {
      if (typeof name !== 'string' || name === 'then' || name in target) return Reflect.get(target, name, receiver);
      return async (data) => (await target.invoke(name, data)).data;
    },
  });
  return new Proxy(client, {
    get: (target, name, receiver) => (name === 'functions' ? functions : Reflect.get(target, name, receiver)),
  });
}
