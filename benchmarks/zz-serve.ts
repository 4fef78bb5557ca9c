import { startServer } from '../src/server.ts';
import { loadConfig } from '../src/config.ts';
const s = await startServer({config: loadConfig({flags:{port:'0',data_dir:process.argv[2]},env:process.env,folder:'/nonexistent'}).config, log:{info(){},warn(){},error:console.error}});
console.log(s.url);
process.once('SIGTERM', async () => { await s.close(); process.exit(0); });
