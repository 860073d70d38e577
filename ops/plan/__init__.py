"""What a morning takes, computed: how long replies wait, how many of everything, and what gives way first."""
