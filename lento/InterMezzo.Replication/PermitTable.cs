// SPDX-License-Identifier: GPL-2.0-or-later
namespace InterMezzo.Replication;

public enum PermitAction
{
    /// <summary>Nothing, until something happens or the time is over.</summary>
    Wait,

    /// <summary>The holder may write.</summary>
    Grant,

    /// <summary>The holder is asked to give it back.</summary>
    TakeBack,

    /// <summary>The holder has lost it without a word: what it writes is merged like anything made without the network.</summary>
    Break,
}

/// <param name="Action">What is to be done.</param>
/// <param name="Who">With, or about, whom.</param>
/// <param name="After">Wait: something is to be done after this at the latest. Null: not before something happens.</param>
public readonly record struct PermitStep(PermitAction Action, ulong Who, TimeSpan? After);

/// <summary>
/// Who has the write permit of a fileset, at its server: one at a time, in the order in which they asked. The server's
/// own programs have it when nobody else does. Knows no clock: the caller tells the time, which only has to go on.
/// </summary>
/// <param name="self">The server.</param>
/// <param name="hold">So long everybody has it at least, so that two busy writers don't pass it on for each update.</param>
/// <param name="patience">So long a holder that is asked and silent, or out of reach, may keep it.</param>
public sealed class PermitTable(ulong self, TimeSpan hold, TimeSpan patience)
{
    private readonly ulong _self = self;
    private readonly List<ulong> _wanting = [];
    private TimeSpan _since;
    private bool _isGranted;

    // When it was asked back, or its holder got out of reach.
    private TimeSpan? _due;
    private bool _isAway;

    /// <summary>0: nobody, it is about to be granted.</summary>
    public ulong Holder { get; private set; } = self;

    public IReadOnlyList<ulong> Wanting => _wanting;

    /// <summary>Since when, as the caller tells time.</summary>
    public TimeSpan Since => _since;

    public void Want(ulong who)
    {
        if (who == Holder && _due is null)
        {
            // It doesn't know that it has it.
            _isGranted = false;
        }
        else if (!_wanting.Contains(who))
        {
            _wanting.Add(who);
        }
    }

    /// <summary>The holder gives it up: nothing that it did is on its way any more.</summary>
    public void Release(ulong who)
    {
        if (who == Holder)
        {
            Vacate();
        }
    }

    /// <summary>A client comes (back): it holds nothing, whatever it held before.</summary>
    public void Came(ulong who)
    {
        _wanting.Remove(who);
        Release(who);
    }

    /// <summary>A client is out of reach.</summary>
    public void Left(ulong who, TimeSpan now)
    {
        _wanting.Remove(who);
        if (who == Holder)
        {
            (_isAway, _due) = (true, now + patience);
        }
    }

    /// <summary>Something of what the holder did has come, or it has taken something of what others did: whoever is at work gives it back when he is done.</summary>
    public void Heard(ulong who, TimeSpan now)
    {
        if (who == Holder && !_isAway && _due is not null)
        {
            _due = now + patience;
        }
    }

    /// <summary>Takes it from its holder at once.</summary>
    /// <returns>From whom; 0: from nobody, the server's own programs have it.</returns>
    public ulong BreakNow()
    {
        var from = Holder == _self ? 0 : Holder;
        if (from != 0)
        {
            Vacate();
        }

        return from;
    }

    /// <summary>What is to be done now; it counts as done.</summary>
    public PermitStep Next(TimeSpan now)
    {
        if (Holder == 0)
        {
            Holder = _wanting.Count > 0 ? _wanting[0] : _self;
            _wanting.Remove(Holder);
            (_since, _isGranted) = (now, false);
        }

        if (!_isGranted)
        {
            _isGranted = true;
            return new PermitStep(PermitAction.Grant, Holder, null);
        }

        if (_wanting.Count == 0 && !_isAway)
        {
            return new PermitStep(PermitAction.Wait, Holder, null);
        }

        var due = _due ?? _since + hold;
        if (now < due)
        {
            return new PermitStep(PermitAction.Wait, Holder, due - now);
        }

        var holder = Holder;
        if (_due is null)
        {
            _due = now + patience;
            return new PermitStep(PermitAction.TakeBack, holder, null);
        }

        Vacate();
        return new PermitStep(PermitAction.Break, holder, null);
    }

    private void Vacate() => (Holder, _due, _isAway) = (0, null, false);
}
