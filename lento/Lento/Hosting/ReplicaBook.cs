// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using System.Globalization;
using InterMezzo.Configuration;

namespace InterMezzo.Lento.Hosting;

/// <summary>
/// Which replica each key belongs to. A key is tied to the first replica id that comes with it, so that no peer can
/// pass its updates off as another's. Kept in the state directory, one line a key.
/// </summary>
internal sealed class ReplicaBook
{
    private readonly string _path;
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, ulong> _byPin = new(StringComparer.Ordinal);

    public ReplicaBook(LentoConfiguration configuration)
    {
        _path = Path.Combine(configuration.Node.State, "replicas");
        foreach (var line in File.Exists(_path) ? File.ReadLines(_path) : [])
        {
            if (line.Split(' ') is not [var pin, var id] || !Syntax.IsPin(pin)
                || !ulong.TryParse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var replica))
            {
                throw new ConfigurationException($"{_path}: \"{line}\" isn't a pin and a replica id; remove the line, and the peer is learnt anew");
            }

            _byPin[pin] = replica;
        }
    }

    public ulong? Find(string pin) => _byPin.TryGetValue(pin, out var replica) ? replica : null;

    /// <summary>False: the key belongs to another replica, or the replica to another key.</summary>
    public bool Tie(string pin, ulong replica)
    {
        lock (_gate)
        {
            if (_byPin.TryGetValue(pin, out var known))
            {
                return known == replica;
            }

            if (_byPin.Values.Contains(replica))
            {
                return false;
            }

            // Noted first: what can't be kept isn't known.
            WriteLocked(_byPin.Append(new(pin, replica)));
            _byPin[pin] = replica;
            return true;
        }
    }

    private void WriteLocked(IEnumerable<KeyValuePair<string, ulong>> entries)
    {
        var fresh = _path + ".new";
        File.WriteAllLines(fresh, entries.Select(entry => $"{entry.Key} {entry.Value:x16}"));
        File.Move(fresh, _path, overwrite: true);
    }
}
