"""Stand-ins for the SIP and H.323 services: they hold the ports and answer that they are alive."""
