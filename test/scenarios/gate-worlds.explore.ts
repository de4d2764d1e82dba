import { standardSettings } from '../../src/core/gate/settings.ts';
import { stageWatches } from '../../src/core/plan/stage-watches.ts';
import { simulateRollout } from '../../src/simulate/rollout.ts';
import { CALM } from '../../src/simulate/world.ts';
import { ERROR_RATE, planOf } from '../support/rollout-rig.ts';
const MINUTE = 60_000;
const SETTINGS = { startAt: Date.UTC(2026,0,5,9), horizonMs: 300*MINUTE, measureMs: 5*MINUTE, personAfterMs: null };
const LADDER=[1,5,25,100].map(percent=>({exposure:{kind:'percent',percent},holdMs:15*MINUTE}));
const PLAN = planOf({ ladder: LADDER, tickMs: MINUTE, settings: standardSettings({tickMs: MINUTE, ladderMs: 60*MINUTE}), checks: [ERROR_RATE, ...stageWatches([ERROR_RATE])] });
const USUAL = { ...CALM, traffic:{requestsPerMinute:20_000,dailySwing:0.3}, noise:{sharedSd:.25,sharedCarry:.8,canaryCv:.25,stableCv:.125,latencySd:.02}, errorRate:.005 };
const count=(m,k)=>{m[k]=(m[k]??0)+1};
export function scene(name, world, plan=PLAN, settings=SETTINGS, n=30){
  const t0=performance.now(); const ends={}, reasons={}, first={}, at=[];let maxPercent={};
  for(let seed=1;seed<=n;seed++){
    const rs=new Set(); let f=null; let mx=0;
    const run=simulateRollout(plan,{...USUAL,...world,seed},settings,(l)=>{rs.add(l.decision.kind+' '+l.decision.reason);mx=Math.max(mx,l.percent); });
    count(ends,run.end); for(const r of rs) if(!/^wait|all_clear/.test(r)) count(reasons,r);
    if(run.firstAction) {count(first,run.firstAction.kind+' '+run.firstAction.reason+' '+run.firstAction.exposure); at.push(Math.round(run.firstActionMs/MINUTE));}
    count(maxPercent,mx);
    count(ends,'ms'+0); delete ends.ms0;
  }
  at.sort((a,b)=>a-b);
  console.log(name,JSON.stringify(ends),'| first',JSON.stringify(first),'med',at[at.length>>1],'max',at.at(-1),'| pct',JSON.stringify(maxPercent),'| reasons',JSON.stringify(reasons), Math.round(performance.now()-t0)+'ms');
}
const M=MINUTE;
const bp=(r,t)=>scene('badpod '+r+' @'+t,{traffic:{requestsPerMinute:t,dailySwing:.3},pods:{canary:4,stable:4},effects:[{kind:'bad_pod',errorRate:r}]},PLAN,SETTINGS,100);
bp(.5,20000);bp(.5,2000);bp(.5,200);bp(.1,2000);
const ab=(by,t)=>scene('pods all +'+by+' @'+t,{traffic:{requestsPerMinute:t,dailySwing:.3},pods:{canary:4,stable:4},effects:[{kind:'step',by}]},PLAN,SETTINGS,100);
ab(.007,20000);ab(.02,20000);ab(.03,20000);ab(.03,2000);ab(.1,2000);ab(.1,20000);
if(process.argv[2]==='all'){
for(const by of [.0051,.006,.007]) scene('step from 25 +'+by,{effects:[{kind:'step',by,fromPercent:25}]},PLAN,SETTINGS,300);
scene('step +.0051',{effects:[{kind:'step',by:.0051}]},PLAN,SETTINGS,300);
}
