import type { Sense, SimpleRole } from './token.ts';

/** Phrases of one sense, separated by `|`. Words are lower case; a tight hyphen in the text counts as a space. */
type Entry = readonly [Sense, string];

const say = (role: SimpleRole, phrases: string): Entry => [{ role }, phrases];

const ORDERS: readonly Entry[] = [
  [
    { role: 'act', act: 'hold' },
    'hold|holds|holding|halt|halts|halting|pause|pauses|pausing|freeze|freezes|stop|stops|stopping|put on hold|block|blocks',
  ],
  [
    { role: 'act', act: 'rollback' },
    'roll back|rolls back|rolled back|rolling back|roll it back|roll this back|roll everything back|rollback|rollbacks|rolback|' +
      'roll the change back|roll the release back|revert|reverts|reverting|back out|back it out|undo|kill it',
  ],
  [
    { role: 'act', act: 'notify' },
    'alert|alerts|notify|notifies|page|pages|ping|pings|tell|tells|warn|warns|inform|let me know|let us know|let the team know|' +
      'message me|message us|send me a message|send an alert|raise an alert|call me|email me|slack me|shout',
  ],
  say(
    'ask',
    'ask|asks|asking|check with|check in with|confirm with|get approval|get my approval|require approval|requires approval|' +
      'require my approval|require manual approval|manual approval|approval|approve|approves|sign off|signoff|sign it off|needs approval|' +
      'wait for me|wait for approval|wait for my approval|wait for my ok|wait for my go ahead|wait for a go ahead|my go ahead|' +
      'needs my approval|needs my ok|need my approval|need my ok|human approval|require sign off|get sign off|check with me|human sign off|manual sign off|manual approval',
  ),
  say(
    'delegate',
    'use your judgement|use your judgment|use your best judgement|use your best judgment|your judgement|your judgment|' +
      'as you see fit|as you like|as you think best|whatever you think|what you think|your call|up to you|you decide|common sense|' +
      'use common sense|looks good|look good|looks bad|look bad|looks off|looks wrong|look wrong|feels right|seems fine|seems ok|' +
      'looks fine|look fine|looks ok|goes wrong|go wrong|when ready|if needed|if necessary|as appropriate|where appropriate|when appropriate|' +
      'as needed|be sensible|be reasonable|never mind|nevermind|scratch that|scratch it|strike that|take that back|take it back|just kidding|only kidding|' +
      'on second thoughts|on second thought|forget that|forget it|i meant|i mean|correction|make that|not really|only joking',
  ),
  say(
    'inject',
    'ignore previous|ignore all previous|ignore the previous|ignore any previous|ignore prior|ignore all prior|ignore the above|' +
      'ignore all the above|ignore everything|ignore all instructions|ignore your instructions|ignore these instructions|ignore earlier|' +
      'disregard previous|disregard all previous|disregard the previous|disregard prior|disregard all prior|disregard the above|' +
      'disregard everything|disregard your instructions|forget previous|forget all previous|forget the previous|forget everything|' +
      'forget your instructions|you are now|system prompt|new instructions|developer mode|pretend',
  ),
  say(
    'delegate',
    'skip|skips|skipping|bypass|bypasses|bypassing|force|forced|override|overrides|overriding|disable|disables|disabling|' +
      'ignore|ignores|ignoring|disregard|regardless|no matter|no checks|without checks|turn off',
  ),
];

/** What the later stages get more of; it needs a number that only a person can give. */
const LENGTHEN =
  'longer holds|with longer holds|longer holds at the end|longer holds later|longer holds at higher percentages|longer holds towards the end|' +
  'holding longer each time|holding longer at each stage|longer soaks|longer bakes|longer soak times|longer bake times|longer stages|longer holds as it grows';

const LADDER: readonly Entry[] = [
  say(
    'go',
    'advance|advances|advancing|advance to|roll out|rolls out|rolling out|roll it out|roll this out|turn it on for|go on|going on|move on|moving on|ship it|ship it to|give it to|dogfood it|roll|rollout|rollouts|go|goes|going|' +
      'move|moves|moving|expand|expands|expanding|ramp|ramps|ramping|ramp up|ramp it up|ship|ships|shipping|release|releases|releasing|deploy|deploys|' +
      'deploying|deployment|deployments|expose|exposes|exposing|send|sends|sending|serve|serves|serving|give|gives|promote|promotes|' +
      'promoting|promotion|proceed|proceeds|proceeding|continue|continues|continuing|open|opens|opening|launch|launches|enable|enables|enabling|route|routes|' +
      'routing|shift|shifts|shifting|bump|bumps|widen|dial|dial up|step up|progress|push|jump to|jump straight to|canary to|canary at|canary with|finish at|' +
      'finish with|end at|end with|end on|turn on|turn it on|make it available|get it to|take it to|bring it to|extend',
  ),
  say('begin', 'start|starts|starting|begin|begins|beginning|kick off'),
  say(
    'dwell',
    'wait|waits|waiting|bake|bakes|baking|baked|soak|soaks|soaking|sit|sits|dwell|dwells|observe|observes|observing|monitor|monitors|' +
      'monitoring|watch|watching|last|lasts|lasting|let it bake|let it soak|let it sit|let each bake|keep it there|leave it there|spend|spends|rest there',
  ),
  say(
    'switch',
    'switch to|switch over to|switch traffic to|switch all traffic to|switch traffic over to|switch everyone to|cut over to|cutover to|' +
      'cut traffic over to|flip to|flip traffic to|flip over to|flip all traffic to|swap to|swap traffic to|switch it to|move traffic to',
  ),
  say('color', 'green|blue'),
  [{ role: 'factor', value: 2 }, 'double|doubles|doubled|doubling|doubles again'],
  [{ role: 'factor', value: 3 }, 'triple|triples|tripled|tripling|treble|trebles'],
  [{ role: 'factor', value: 4 }, 'quadruple|quadruples|quadrupled'],
  [{ role: 'factor', value: 0.5 }, 'halves|halved'],
  say(
    'plain',
    'double check|double checks|double checked|front page|home page|landing page|web page|product page|' +
      'page load|no rush|as usual|as normal|if possible|of course|on call|oncall|on the way|in the end|in order|in full|in general|in turn|' +
      'at first|first of all|to begin with|to start with|for now|to start|in total traffic|in production|in prod|in the meantime|' +
      'for this change|for this release|for this rollout|for this service|for the rollout|in this order|on the new version|on the canary|' +
      'for the canary|of the canary|in the canary|on canary|in canary|step by step|stage by stage|bit by bit|otherwise continue|else continue|otherwise proceed|otherwise carry on|one by one|one at a time|' +
      'all the way|all of the way|straight away|right away|at once|all at once|safe side|on track',
  ),
  say(
    'step',
    'step of|steps of|step|steps|increment|increments|increments of|jumps of|add|adds|adding|stages of|chunks of|more|at a time',
  ),
  say(
    'stage',
    'stage|stages|rung|rungs|phase|phases|ladder|plan|schedule|exposure|exposures|hop|hops|level|wave|waves|batch|batches|' +
      'interval|intervals|bake time|soak time|hold time|dwell time|minimum',
  ),
  say('each', 'apiece|each|every|per|between|in between|apart|all stages|all steps|both stages'),
  say('equal', 'equal|even|equally sized|equal sized|evenly sized'),
  say(
    'until',
    'until|till|til|untill|up to|all the way to|until it reaches|until we reach|until you reach|until reaching|until we hit|until it hits|stopping at',
  ),
  say('lengthen', LENGTHEN),
  say('total', 'over the course of|over a period of|spread over|spread across|across|in total'),
  say(
    'healthy',
    'healthy|it is healthy|all checks pass|the checks pass|checks pass|all checks are green|all checks are clear|' +
      'everything is green|everything is healthy|all is green|metrics are healthy|canary is healthy',
  ),
];

const JOINTS: readonly Entry[] = [
  say(
    'if',
    'if|when|whenever|in case|in the event|in the event that|as soon as|should the|once|if ever|if there is|if there are|when there is',
  ),
  say('unless', 'unless'),
  say(
    'provided',
    'provided|provided that|providing|as long as|so long as|only if|only when|only while|while|assuming|on condition that|on the condition that',
  ),
  say('and', 'and|&|plus|also|as well as|but|while also'),
  say('or', 'or|and/or|nor'),
  say(
    'then',
    'then|and then|followed by|next|afterwards|after that|and after that|finally|and finally|' +
      'lastly|eventually|subsequently|thereafter|later on',
  ),
  say('after', 'after|following|after waiting'),
  say('later', 'later|afterward|has passed|have passed'),
  say('before', 'before|prior to|ahead of|past|beyond'),
  say('for', 'for|for at least|for a minimum of|at least for|lasting at least'),
  say('on', 'on|upon'),
  say('in', 'in|inside|during|within the'),
  say(
    'not',
    "not|never|don't|dont|do not|doesn't|doesnt|does not|isn't|isnt|is not|aren't|are not|won't|will not|can't|cannot|can not|" +
      "shouldn't|should not|mustn't|must not|may not|no longer|nto|ont|din't|wasn't|weren't|don;t|didn't|needn't",
  ),
  say('only', 'only|just|solely|exclusively'),
  say('do', 'do|does|did'),
];

const CONDITIONS: readonly Entry[] = [
  [
    { role: 'region', side: 'above', isMagnitude: false },
    'above|over|exceed|exceeds|exceeded|exceeding|excedes|exceds|pass|passes|surpass|surpasses|cross|crosses|top|tops|hit|hits|reach|reaches|' +
      'grows beyond|grows past|climbs past|rises past|goes over|go over|goes above|go above|gets above|gets over|goes past|goes beyond|gets past|rises above|climbs above|climbs over|breaks|higher than or equal to',
  ],
  [
    { role: 'region', side: 'above', isMagnitude: true },
    'or more|or higher|or above|or worse|or greater|more than|greater than|larger than|bigger than|at least|no less than|not less than|no fewer than|no lower than|not lower than|not below|in excess of|upwards of|a minimum of|minimum of',
  ],
  [
    { role: 'region', side: 'below', isMagnitude: false },
    'below|under|underneath|beneath|goes below|goes under|gets below|dips below|dips under',
  ],
  [
    { role: 'region', side: 'below', isMagnitude: true },
    'or less|or lower|or below|or fewer|less than|fewer than|smaller than|at most|no more than|not more than|no greater than|not greater than|no higher than|not higher than|not above|not over|no slower than|a maximum of|maximum of|max',
  ],
  [{ role: 'region', side: 'inside', isMagnitude: false }, 'within|±|+/-'],
  [{ role: 'region', side: 'outside', isMagnitude: false }, 'outside|out of'],
  say(
    'no-worse',
    'no worse than|not worse than|not be worse than|no worse|not exceed stable by more than|not much worse than',
  ),
  [
    { role: 'change', side: 'above' },
    'older|longer|rise|rises|rose|risen|rising|increase|increases|increased|increasing|raise|raises|raising|grow|grows|grew|growing|growth|go up|goes up|going up|' +
      'went up|up|climb|climbs|climbing|jump|jumps|jumped|spike|spikes|spiked|surge|surges|worsen|worsens|worsening|degrade|degrades|degraded|' +
      'degradation|regress|regresses|regression|higher|worse|slower|greater|bigger|larger|slow down|slows down|slowdown|inflate|inflates|elevated|gets worse',
  ],
  [
    { role: 'change', side: 'below' },
    'fall|falls|fell|falling|drop|drops|dropped|dropping|decrease|decreases|decreased|decreasing|decline|declines|declined|go down|goes down|' +
      'going down|went down|down|dip|dips|dipped|lower|fewer|less|faster|shrink|shrinks|sink|sinks|reduction|reduce|reduces|smaller',
  ],
  [
    { role: 'change', side: 'outside' },
    'deviate|deviates|differ|differs|diverge|diverges|shift by|shifts by|changes by|change by|moves by|move by|drifts|drift|difference',
  ],
  [
    { role: 'by', isLess: false },
    'by|by more than|by over|by at least|by greater than|by as much as|by upwards of|a margin of',
  ],
  [
    { role: 'by', isLess: true },
    'by less than|by at most|by no more than|by not more than|by under|by up to|by fewer than',
  ],
  [
    { role: 'against', against: 'stable' },
    'stable|stable fleet|stable version|stable one|stable side|stable release|control|control group|control fleet|baseline|base line|old version|old one|old code|' +
      'old release|existing version|current version|current release|the rest of the fleet|rest of the fleet|previous version|prior version|previous release|' +
      'last version|incumbent|primary|unexposed users|unexposed traffic|everyone else|stable fleet does|old experience|old experiance|old fleet|legacy version|stable cohort|stabel',
  ],
  [
    { role: 'against', against: 'previous_stage' },
    'previous stage|prior stage|last stage|preceding stage|stage before|stage before it|from stage to stage|stage to stage|stage over stage|stage on stage|from step to step|step to step|previous step|prior step|last step|previous rung|previous phase|earlier stage|previous one',
  ],
  [
    { role: 'against', against: 'ab_prediction' },
    'prediction|predicted|predicts|ab prediction|a/b prediction|a/b test|ab test|a/b test prediction|ab test prediction|a/b test predicted|ab test predicted|' +
      'experiment|experiment predicted|experiment prediction|predicted value|predicted effect|predicted by the a/b test|predicted by the ab test|predicted by the experiment',
  ],
  say(
    'require',
    'must|should|shall|need|needs|keep|keeps|kept|stay|stays|staying|remain|remains|remaining|keep to|needs to|require|requires|has to|have to|ensure|ensures|make sure|limit|limits|cap|capped|maintain|maintains',
  ),
  say('it', 'it|this one|the same|that metric|this metric|the metric|same metric'),
  say(
    'either',
    'either|any|any of|either of|one of|at least one of|either metric|any metric|any of them|either of them|any of those|either one|either of these|any of these|they|them|any one of',
  ),
  say('both', 'both|all of|both of|all of them|both of them'),
  say(
    'band',
    'band|bands|range|those limits|these limits|that limit|this limit|the limit|the limits|threshold|thresholds|tolerance|margin|bounds|bound',
  ),
  say(
    'breach',
    'breach|breaches|breached|leave|leaves|violate|violates|break out of|breaks out of|exit|exits|fall outside|falls outside|goes outside|go outside|moves outside|strays from|drifts out of|is out of|are out of|drift out of',
  ),
  say('relative', 'relative|relatively|in relative terms|relative to itself|proportionally'),
  say('outright', 'absolute|absolutely|in absolute terms|outright'),
];

const CALENDAR: readonly Entry[] = [
  say('keep', 'leave on|hold on to'),
  say('holdback', 'holdback|hold back|holding back|holdout|hold out|hold backs|held back|hold outs'),
  say(
    'calendar',
    'business hours|office hours|working hours|work hours|business days|working days|peak hours|peak|off peak|night|nights|nighttime|overnight|evening|' +
      'evenings|morning|mornings|afternoon|afternoons|holiday|holidays|bank holidays|public holidays|christmas|easter|thanksgiving|black friday|cyber monday|' +
      'last week of the quarter|last week of each quarter|last week of every quarter|last week of the month|last day of the month|last day of the quarter|first week of the month|new year|end of month|month end|end of quarter|quarter end|code freeze|release freeze|change freeze|lunch|lunchtime|the day|daytime|day time|core hours|season|tomorrow|today|tonight|next week|next month',
  ),
  say(
    'avoid',
    'avoid|avoids|avoiding|no deploys|no deployments|no releases|no rollouts|no changes|no promotions|no deploy|no|freeze window|freeze windows|blackout|blackouts|blackout window',
  ),
];

/** Words that could turn a sentence around, so that not even "the … change" may swallow them. */
const TURNS = say(
  'turn',
  'except|excepting|excluding|exclude|excludes|without|but not|other than|apart from|besides|even|though|although|despite|instead|rather|opposite|' +
    'otherwise|else|off|none|nobody|nothing|anything|something|everything|things|stuff|refrain|refrains|prevent|prevents|forbid|forbids|forbidden|' +
    'refuse|refuses|deny|cancel|cancels|about|around|roughly|approximately|approx|nearly|almost|maybe|perhaps|possibly|probably|might|could|some|most|' +
    'many|few|several|alone|hardly|barely|seldom|rarely|anyone|someone|neither|false|fake|joke|not yet|abort|aborts|bail|bail out|' +
    'old|previously|formerly|yesterday|last week|last month|wherever|combined|sum|total of|average of',
);

const PLAIN: readonly Entry[] = [
  say('the', 'the|this|that|these|those|our|my|your|a|an|its|new'),
  say(
    'noun',
    'jobs|messages|events|items|traffic|user|users|customer|customers|request|requests|session|sessions|visitor|visitors|people|person|account|accounts|' +
      'tenant|tenants|fleet|host|hosts|pod|pods|instance|instances|server|servers|change|changes|release|version|feature|flag|feature flag|canary|canaries|' +
      'candidate|service|system|code|build|pr|pull request|units|unit|members|production|prod|team|sluice|controller|weight|share|percentage|' +
      'population|audience|group|load|metric|metrics|indicator|figures|call|calls|new version|new code|new release|new one|new build|app|application|backend|api|endpoint|endpoints|' +
      'value|values|number|numbers|rate limit',
  ),
  say(
    'plain',
    'at any stage|in any stage|at any point|at any time|take it slow|take it slowly|take it easy|slow|permanent|gradual|as high|as high as|as slow|as slow as|as many as|as much as|as bad|as bad as|another|to|of|with|at|from|as|is|are|be|been|being|was|were|than|then|will|would|can|may|we|i|us|me|you|he|she|anyone|' +
      'please|kindly|also|so|thus|automatically|automatic|immediately|instantly|promptly|quickly|slowly|gradually|progressively|carefully|cautiously|safely|' +
      'smoothly|always|again|still|already|first|second|initially|at all|the way|out|through|behind|via|using|use|uses|here|there|it is|' +
      "it's|which|who|whose|what|how|has|have|had|having|get|gets|got|getting|let|lets|let's|see|sees|show|shows|shown|want|wants|like|" +
      'ever|own|overall|whole|full|live|real|same|such|very|too|well|now|soon|straight|directly|fully|successful|successfully|compared|compare|comparison|relative to|against the|versus|vs|' +
      'compared to|compared with|in comparison to|in comparison with|as compared to|as compared with|against|incoming|total|hello|hi|thanks|thank|because|since|' +
      'important|careful|risky|safe|small|big|large|good|great|simple|gentle|progressive|standing|instruction|instructions|rule|rules|guardrails|guardrail|checks|check|' +
      'steady|rollback plan|rollout plan|standard|default|normal|usual|page|seen|given|set|sets|goal|makes|make|made|change to|observed|measured|found|becomes|become|turns|seems|respectively|comes|come|point where|additionally|moreover|further|furthermore|place|state|online|work|works|working|ok|okay|sure|note|context|' +
      "that's|we'll|i'd|i'll|we're|you'll|they're|canary's|there's|time|both sides|side|currently|recently|kept safe|whether|blue/green|blue green",
  ),
];

/** Every phrase and its sense; an earlier entry wins where one phrase is listed twice. */
const ENTRIES: readonly Entry[] = [
  ...ORDERS,
  ...CALENDAR,
  ...JOINTS,
  ...CONDITIONS,
  ...LADDER,
  TURNS,
  ...PLAIN,
];

const SENSES: ReadonlyMap<string, Sense> = sensesByPhrase();

/** The sense of a phrase, its words separated by single spaces; undefined when nobody listed it. */
export function senseOf(phrase: string): Sense | undefined {
  return SENSES.get(phrase);
}

/** Every listed phrase. */
export function phrases(): Iterable<string> {
  return SENSES.keys();
}

function sensesByPhrase(): ReadonlyMap<string, Sense> {
  const senses = new Map<string, Sense>();
  for (const [sense, listed] of ENTRIES) {
    for (const phrase of listed.split('|')) if (!senses.has(phrase)) senses.set(phrase, sense);
  }
  return senses;
}
