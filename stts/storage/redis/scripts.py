"""Scripts that Redis runs, each whole or not at all. Times are those of Redis's own clock, which all servers share."""

from __future__ import annotations

import hashlib


class Script:
    """One script, with the name by which Redis remembers it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


HIT = Script(
    """
-- Counts one in every window, or in none where one is full.
-- KEYS: lists of times, the newest first. ARGV: microseconds of a window, then the most of each.
-- Returns for each what it held before, and microseconds until its oldest leaves.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local length = tonumber(ARGV[1])
local states, full = {}, false
for place, key in ipairs(KEYS) do
    local newest = redis.call('LINDEX', key, 0)
    if newest and tonumber(newest) > now then
        -- The clock was put back: what came then has come now.
        for index = 0, redis.call('LLEN', key) - 1 do
            redis.call('LSET', key, index, string.format('%.0f', now))
        end
    end
    local oldest = redis.call('LINDEX', key, -1)
    while oldest and tonumber(oldest) <= now - length do
        redis.call('RPOP', key)
        oldest = redis.call('LINDEX', key, -1)
    end
    local count = redis.call('LLEN', key)
    full = full or count >= tonumber(ARGV[place + 1])
    states[2 * place - 1] = count
    states[2 * place] = oldest and tonumber(oldest) + length - now or length
end
if not full then
    for _, key in ipairs(KEYS) do
        redis.call('LPUSH', key, string.format('%.0f', now))
        redis.call('PEXPIRE', key, math.ceil(length / 1000))
    end
end
return states
"""
)

TAKE = Script(
    """
-- Takes a place of every subject, or none: then returns which of them, counted from 1, has no place left; else 0.
-- KEYS: sorted sets of holders by the time at which their lease ends.
-- ARGV: the holder, milliseconds of a lease, the most of each.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(ARGV[2])
for place, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    -- A lease that ends later than any that is taken now is from before the clock was put back: who lives renews it.
    redis.call('ZREMRANGEBYSCORE', key, '(' .. string.format('%.0f', now + lease), '+inf')
    if redis.call('ZCARD', key) >= tonumber(ARGV[place + 2]) then
        return place
    end
end
for _, key in ipairs(KEYS) do
    redis.call('ZADD', key, string.format('%.0f', now + lease), ARGV[1])
    redis.call('PEXPIRE', key, lease)
end
return 0
"""
)

RENEW = Script(
    """
-- Lets leases last anew, also those that were forgotten. KEYS: as above. ARGV: milliseconds, then the holder of each.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(ARGV[1])
for place, key in ipairs(KEYS) do
    redis.call('ZADD', key, string.format('%.0f', now + lease), ARGV[place + 1])
    redis.call('PEXPIRE', key, lease)
end
return 0
"""
)

RELEASE = Script(
    """
-- KEYS: as above. ARGV: the holder of each.
for place, key in ipairs(KEYS) do
    redis.call('ZREM', key, ARGV[place])
end
return 0
"""
)

PROBE = Script(
    """
-- Writes, as all others do. KEYS: one key. ARGV: seconds for which it is kept.
redis.call('SET', KEYS[1], 1, 'EX', ARGV[1])
return 0
"""
)

SCRIPTS = (HIT, TAKE, RENEW, RELEASE, PROBE)
