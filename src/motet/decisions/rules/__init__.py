"""The rules, one function in one file each. A rule sees an intent, a channel and facts, and answers None or a Stop."""
